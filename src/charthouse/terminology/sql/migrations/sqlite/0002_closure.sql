-- Closure tables that clients keep here (ConceptMap/$closure): the codes of each, and which stands above which.
CREATE TABLE term_closure (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL         -- moves with every addition
) WITHOUT ROWID;
CREATE TABLE term_closure_code (
    name TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (name, system, code)
) WITHOUT ROWID;
CREATE TABLE term_closure_link (
    name TEXT NOT NULL, system TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, -- the target stands above the source
    version INTEGER NOT NULL,
    PRIMARY KEY (name, system, source, target)
) WITHOUT ROWID;
CREATE INDEX term_closure_link_version ON term_closure_link (name, version);
