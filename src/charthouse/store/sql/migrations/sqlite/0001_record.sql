-- The record: every version of every resource, its search index, its log and its outbox.
-- Keys are small integers; names, codes and addresses stand once, in the interning tables.

CREATE TABLE type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE param (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, code TEXT NOT NULL, UNIQUE (type, code));
CREATE TABLE system (id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE);  -- 0 stands for "no system"
CREATE TABLE code (id INTEGER PRIMARY KEY, code TEXT NOT NULL, system INTEGER NOT NULL, UNIQUE (code, system));
CREATE INDEX code_of_system ON code (system);
CREATE TABLE uri (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE dictionary (id INTEGER PRIMARY KEY, data BLOB NOT NULL);  -- zstd dictionaries that bodies were written with

-- A row for each resource, and for each id that was only referred to (version 0, invisible).
CREATE TABLE resource (
    key INTEGER PRIMARY KEY,
    type INTEGER NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    seq INTEGER NOT NULL,      -- the row of `version` that is current
    updated INTEGER NOT NULL,  -- milliseconds since 1970
    home INTEGER NOT NULL,     -- key of the patient it belongs to, 0 for none
    UNIQUE (type, id)
);
CREATE INDEX resource_live ON resource (type, key) WHERE deleted = 0 AND version > 0;
CREATE INDEX resource_updated ON resource (type, updated, key) WHERE deleted = 0 AND version > 0;

CREATE TABLE version (
    seq INTEGER PRIMARY KEY,   -- the order in which versions were written, over all resources
    key INTEGER NOT NULL,
    type INTEGER NOT NULL,
    version INTEGER NOT NULL,
    txn INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    method INTEGER NOT NULL,   -- 1 POST, 2 PUT, 3 PATCH, 4 DELETE
    body BLOB                  -- compressed JSON after id and meta; NULL for a deletion
);
CREATE UNIQUE INDEX version_of_resource ON version (key, version);
CREATE INDEX version_of_type ON version (type, seq);

-- One row for each accepted request that wrote: who did it, and the chain that makes tampering visible.
CREATE TABLE txn (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    client TEXT NOT NULL,
    interaction TEXT NOT NULL,
    purpose TEXT NOT NULL,
    request TEXT NOT NULL,
    entries INTEGER NOT NULL,
    hash BLOB NOT NULL
);
-- Units of an import that are done, so that it can go on after a stop; emptied when the import ends.
CREATE TABLE import_mark (
    run TEXT NOT NULL, unit TEXT NOT NULL,
    found INTEGER NOT NULL, created INTEGER NOT NULL, versions INTEGER NOT NULL, equal INTEGER NOT NULL, refused INTEGER NOT NULL,
    PRIMARY KEY (run, unit)
);
CREATE TABLE outbox (txn INTEGER PRIMARY KEY);
CREATE TABLE tally (type INTEGER PRIMARY KEY, live INTEGER NOT NULL);

-- The search index, by resource (to change, sort and ask for absence) and by value (to find).
CREATE TABLE token_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, code INTEGER NOT NULL,
    PRIMARY KEY (key, param, code)
) WITHOUT ROWID;
CREATE INDEX token_value ON token_index (param, code, key);

CREATE TABLE reference_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, target INTEGER NOT NULL,  -- > 0 resource.key, < 0 minus uri.id
    PRIMARY KEY (key, param, target)
) WITHOUT ROWID;
CREATE INDEX reference_value ON reference_index (param, target, key);

CREATE TABLE date_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
    PRIMARY KEY (key, param, low, high)
) WITHOUT ROWID;
CREATE INDEX date_value ON date_index (param, low, high, key);
CREATE INDEX date_long ON date_index (param, high, low, key) WHERE high - low > 86400000;  -- spans over a day

CREATE TABLE string_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, text TEXT NOT NULL, exact TEXT NOT NULL,
    PRIMARY KEY (key, param, text, exact)
) WITHOUT ROWID;
CREATE INDEX string_value ON string_index (param, text, key);

CREATE TABLE number_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    PRIMARY KEY (key, param, low, high)
) WITHOUT ROWID;
CREATE INDEX number_value ON number_index (param, low, high, key);

CREATE TABLE quantity_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, code INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    PRIMARY KEY (key, param, code, low, high)
) WITHOUT ROWID;
CREATE INDEX quantity_value ON quantity_index (param, code, low, high, key);

CREATE TABLE uri_index (
    key INTEGER NOT NULL, param INTEGER NOT NULL, uri INTEGER NOT NULL,
    PRIMARY KEY (key, param, uri)
) WITHOUT ROWID;
CREATE INDEX uri_value ON uri_index (param, uri, key);

-- What this record is: its profile (empty, demo, classroom) and when it was made.
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
