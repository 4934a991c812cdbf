-- Closure tables that clients keep here (ConceptMap/$closure): the codes of each, and which stands above which.
CREATE TABLE term_closure (
    name TEXT PRIMARY KEY,
    version BIGINT NOT NULL          -- moves with every addition
);
CREATE TABLE term_closure_code (
    name TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, version BIGINT NOT NULL,
    PRIMARY KEY (name, system, code)
);
CREATE TABLE term_closure_link (
    name TEXT NOT NULL, system TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, -- the target stands above the source
    version BIGINT NOT NULL,
    PRIMARY KEY (name, system, source, target)
);
CREATE INDEX term_closure_link_version ON term_closure_link (name, version);

-- An index row of PostgreSQL holds 2,700 bytes, and notes of a code system may be longer: only their start is indexed.
DROP INDEX term_property_value;
CREATE INDEX term_property_value ON term_property (name, LEFT(value, 200), concept);
