-- Code systems that were loaded from a release. A concept's id is its place in a walk through the
-- hierarchy, so that all that stands below it has the ids from its own to `last`; what is below it
-- by a further parent stands in `term_span`. The shipped file has the same tables.

CREATE TABLE term_system (
    id BIGINT PRIMARY KEY,
    url TEXT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,            -- complete, fragment, example, supplement, not-present
    hierarchy TEXT NOT NULL,          -- is-a, part-of, grouped-by, classified-with; empty for none
    case_sensitive BIGINT NOT NULL,
    valid_from TEXT,                  -- dates between which the release is in force
    valid_until TEXT,
    source TEXT NOT NULL,             -- file or package that it was read from
    notice TEXT NOT NULL,             -- what its owner wants said beside it
    first BIGINT NOT NULL,           -- ids of its concepts: from `first`, `concepts` of them
    concepts BIGINT NOT NULL,
    loaded BIGINT NOT NULL,          -- milliseconds since 1970
    state BIGINT NOT NULL,           -- 0 = being loaded or removed, 1 = in use
    about BYTEA NOT NULL,              -- the CodeSystem without its concepts, JSON
    UNIQUE (url, version)
);

CREATE TABLE term_concept (
    id BIGINT PRIMARY KEY,
    system BIGINT NOT NULL,
    code TEXT NOT NULL,
    display TEXT NOT NULL,
    flags BIGINT NOT NULL,           -- 1 inactive, 2 not selectable (a heading)
    parent BIGINT NOT NULL,          -- id, 0 at the top
    last BIGINT NOT NULL             -- the last id below it along first parents
);
CREATE UNIQUE INDEX term_concept_code ON term_concept (system, code);
CREATE INDEX term_concept_parent ON term_concept (parent);

-- Only for concepts with several parents, and for those above them.
CREATE TABLE term_parent (
    concept BIGINT NOT NULL, parent BIGINT NOT NULL,
    PRIMARY KEY (concept, parent)
);
CREATE INDEX term_parent_child ON term_parent (parent, concept);
CREATE TABLE term_span (
    concept BIGINT NOT NULL, low BIGINT NOT NULL, high BIGINT NOT NULL,
    PRIMARY KEY (concept, low)
);

CREATE TABLE term_designation (
    concept BIGINT NOT NULL, place BIGINT NOT NULL,
    language TEXT NOT NULL, use TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (concept, place)
);
CREATE TABLE term_property (
    concept BIGINT NOT NULL, name TEXT NOT NULL, place BIGINT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (concept, name, place)
);
CREATE INDEX term_property_value ON term_property (name, value, concept);

-- ValueSets and ConceptMaps that come with a release or with the program; others are resources of the record.
CREATE TABLE term_artifact (
    kind TEXT NOT NULL, url TEXT NOT NULL, version TEXT NOT NULL, body BYTEA NOT NULL,
    PRIMARY KEY (kind, url, version)
);
CREATE TABLE term_mapping (
    map TEXT NOT NULL,                -- canonical url of the ConceptMap
    source_system TEXT NOT NULL, source TEXT NOT NULL, place BIGINT NOT NULL,
    target_system TEXT NOT NULL, target TEXT NOT NULL, equivalence TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (map, source_system, source, place)
);
CREATE INDEX term_mapping_target ON term_mapping (map, target_system, target);

-- Words that people search by: for each word of a system the ids of the concepts that have it, compressed.
CREATE TABLE term_word (
    system BIGINT NOT NULL, word TEXT NOT NULL, concepts BYTEA NOT NULL,
    PRIMARY KEY (system, word)
);
