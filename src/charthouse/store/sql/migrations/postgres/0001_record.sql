-- The record: every version of every resource, its search index, its log and its outbox.
-- Keys are whole numbers; names, codes and addresses stand once, in the tables that number them.
-- Text is compared by its characters' numbers (COLLATE "C"), as everywhere in this program.

CREATE TABLE type (id INTEGER PRIMARY KEY, name TEXT COLLATE "C" NOT NULL UNIQUE);

-- Names and their numbers. Rows are only ever added, each in a small transaction of its own, so that
-- writers who meet the same new name never wait for each other's work.
CREATE TABLE param (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, type INTEGER NOT NULL, code TEXT COLLATE "C" NOT NULL,
    UNIQUE (type, code)
);
CREATE TABLE system (  -- 0 stands for "no system"
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uri TEXT COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE code (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code TEXT COLLATE "C" NOT NULL, system BIGINT NOT NULL,
    UNIQUE (code, system)
);
CREATE INDEX code_of_system ON code (system, code);
CREATE TABLE uri (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE dictionary (id INTEGER PRIMARY KEY, data BYTEA NOT NULL);  -- zstd dictionaries that bodies were written with

-- Keys are given out in blocks of 256, versions and transactions one by one, after their transaction
-- has its number (what that is good for: see `block`).
CREATE SEQUENCE key_block;
CREATE SEQUENCE version_seq;
CREATE SEQUENCE txn_id;

-- The directory: a row for each resource, and for each id that was only referred to (version 0, invisible).
CREATE TABLE resource (
    key BIGINT PRIMARY KEY,
    type INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    deleted INTEGER NOT NULL,
    seq BIGINT NOT NULL,      -- the row of `version` that is current
    updated BIGINT NOT NULL,  -- milliseconds since 1970
    home BIGINT NOT NULL,     -- key of the patient it belongs to, 0 for none
    UNIQUE (type, id)
);
CREATE INDEX resource_live ON resource (type, key) WHERE deleted = 0 AND version > 0;
CREATE INDEX resource_updated ON resource (type, updated, key) WHERE deleted = 0 AND version > 0;

-- Tables with a `home` lie in partitions by it, so that what belongs to one patient lies together. How many is
-- said when the record is made, by options=-ccharthouse.partitions=N in its URL; one, when nothing is said.
CREATE TABLE version (
    seq BIGINT NOT NULL,      -- about the order in which versions were written, over all resources
    home BIGINT NOT NULL,
    key BIGINT NOT NULL,
    type INTEGER NOT NULL,
    version BIGINT NOT NULL,
    txn BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    method INTEGER NOT NULL,  -- 1 POST, 2 PUT, 3 PATCH, 4 DELETE
    body BYTEA,               -- compressed JSON after id and meta; NULL for a deletion
    PRIMARY KEY (seq, home)
) PARTITION BY HASH (home);
ALTER TABLE version ALTER body SET STORAGE EXTERNAL;  -- it is compressed already
CREATE UNIQUE INDEX version_of_resource ON version (key, version, home);
CREATE INDEX version_of_type ON version (type, seq);
CREATE INDEX version_of_txn ON version (txn);

-- One row for each accepted request that wrote: who did it. `hash` is over the row and what it wrote.
CREATE TABLE txn (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor BIGINT NOT NULL,
    client TEXT NOT NULL,
    interaction TEXT NOT NULL,
    purpose TEXT NOT NULL,
    request TEXT NOT NULL,
    entries INTEGER NOT NULL,
    hash BYTEA NOT NULL,
    xact XID8 NOT NULL DEFAULT pg_current_xact_id()  -- tells whether it is in a snapshot
);
CREATE INDEX txn_xact ON txn (xact);

-- The chain. Writers do not wait for each other; whoever holds the seal joins what they committed, in
-- blocks: all transactions that are in the snapshot `moment` and were not in that of the block before.
CREATE TABLE block (
    id BIGINT PRIMARY KEY,       -- without gaps
    at BIGINT NOT NULL,
    entries INTEGER NOT NULL,    -- how many transactions
    members BYTEA NOT NULL,      -- for each of them, in order of id: id (8 bytes), start of its hash (8 bytes)
    low BIGINT NOT NULL,         -- every version up to this number is sealed, or was never written
    moment TEXT NOT NULL,        -- pg_snapshot
    hash BYTEA NOT NULL          -- over the block before, this row, and the whole hash of each member
);

-- What was sealed and not yet handed on, in the order in which it was sealed.
CREATE TABLE outbox (place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, txn BIGINT NOT NULL);

-- Units of an import that are done, so that it can go on after a stop; emptied when the import ends.
CREATE TABLE import_mark (
    run TEXT NOT NULL, unit TEXT NOT NULL,
    found BIGINT NOT NULL, created BIGINT NOT NULL, versions BIGINT NOT NULL, equal BIGINT NOT NULL, refused BIGINT NOT NULL,
    PRIMARY KEY (run, unit)
);

-- Counts are appended, so that writers never wait for each other; readers add them up, and whoever
-- holds the seal folds them now and then.
CREATE TABLE tally (type INTEGER NOT NULL, live BIGINT NOT NULL);
CREATE INDEX tally_of_type ON tally (type) INCLUDE (live);

-- The search index, by resource (to change, sort and ask for absence) and by value (to find).
CREATE TABLE token_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, code BIGINT NOT NULL, home BIGINT NOT NULL,
    PRIMARY KEY (key, param, code, home)
) PARTITION BY HASH (home);
CREATE INDEX token_value ON token_index (param, code, key);

CREATE TABLE reference_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, target BIGINT NOT NULL,  -- > 0 resource.key, < 0 minus uri.id
    home BIGINT NOT NULL,
    PRIMARY KEY (key, param, target, home)
) PARTITION BY HASH (home);
CREATE INDEX reference_value ON reference_index (param, target, key);

CREATE TABLE date_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, low BIGINT NOT NULL, high BIGINT NOT NULL, home BIGINT NOT NULL,
    PRIMARY KEY (key, param, low, high, home)
) PARTITION BY HASH (home);
CREATE INDEX date_value ON date_index (param, low, high, key);
CREATE INDEX date_long ON date_index (param, high, low, key) WHERE high - low > 86400000;  -- spans over a day

CREATE TABLE string_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, text TEXT COLLATE "C" NOT NULL, exact TEXT COLLATE "C" NOT NULL,
    home BIGINT NOT NULL,
    PRIMARY KEY (key, param, text, exact, home)
) PARTITION BY HASH (home);
CREATE INDEX string_value ON string_index (param, text, key);

CREATE TABLE number_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, low DOUBLE PRECISION NOT NULL, high DOUBLE PRECISION NOT NULL,
    home BIGINT NOT NULL,
    PRIMARY KEY (key, param, low, high, home)
) PARTITION BY HASH (home);
CREATE INDEX number_value ON number_index (param, low, high, key);

CREATE TABLE quantity_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, code BIGINT NOT NULL,
    low DOUBLE PRECISION NOT NULL, high DOUBLE PRECISION NOT NULL, home BIGINT NOT NULL,
    PRIMARY KEY (key, param, code, low, high, home)
) PARTITION BY HASH (home);
CREATE INDEX quantity_value ON quantity_index (param, code, low, high, key);

CREATE TABLE uri_index (
    key BIGINT NOT NULL, param INTEGER NOT NULL, uri BIGINT NOT NULL, home BIGINT NOT NULL,
    PRIMARY KEY (key, param, uri, home)
) PARTITION BY HASH (home);
CREATE INDEX uri_value ON uri_index (param, uri, key);

-- What this record is: its profile (empty, demo, classroom) and when it was made.
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);

DO $$
DECLARE
    count INTEGER := coalesce(nullif(current_setting('charthouse.partitions', true), ''), '1')::integer;
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'version', 'token_index', 'reference_index', 'date_index', 'string_index', 'number_index', 'quantity_index',
        'uri_index'
    ] LOOP
        FOR number IN 0 .. count - 1 LOOP
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                name || '_' || number, name, count, number
            );
        END LOOP;
    END LOOP;
END
$$;
