-- Whole columns at a time: each statement writes the rows of a whole group of transactions.

-- name: key_block
SELECT nextval('key_block');

-- First this transaction gets its number, then the versions theirs (see `block` in the migrations). What the search
-- parameters are comes along: whoever still sees the earlier ones has a number by the time that others see the later.
-- name: numbers
SELECT 1, nextval('version_seq') FROM generate_series(1, ?::bigint)
UNION ALL
SELECT 2, nextval('txn_id') FROM generate_series(1, ?::bigint)
UNION ALL
SELECT 3, generation FROM index_state;

-- name: generation
SELECT generation FROM index_state;

-- Criteria of conditional interactions, until the commit: whoever asks for the same waits.
-- name: lock_criteria
SELECT pg_advisory_xact_lock(n.number) FROM unnest(?::bigint[]) AS n (number);

-- name: try_criteria
SELECT bool_and(pg_try_advisory_xact_lock(n.number)) FROM unnest(?::bigint[]) AS n (number);

-- Resources that will change, in one order for everybody.
-- name: lock_heads
SELECT n.place, r.key, r.version, r.deleted, r.home, r.updated
FROM unnest(?::integer[], ?::text[]) WITH ORDINALITY AS n (type, id, place)
JOIN resource r ON r.type = n.type AND r.id = n.id
ORDER BY r.key FOR UPDATE OF r;

-- name: try_heads
SELECT n.place, r.key, r.version, r.deleted, r.home, r.updated
FROM unnest(?::integer[], ?::text[]) WITH ORDINALITY AS n (type, id, place)
JOIN resource r ON r.type = n.type AND r.id = n.id
ORDER BY r.key FOR UPDATE OF r NOWAIT;

-- name: add_resource
INSERT INTO resource (key, type, id, version, deleted, seq, updated, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::text[], ?::bigint[], ?::integer[], ?::bigint[], ?::bigint[], ?::bigint[]);

-- name: change_resource
UPDATE resource r SET version = n.version, deleted = n.deleted, seq = n.seq, updated = n.updated, home = n.home
FROM unnest(?::bigint[], ?::bigint[], ?::integer[], ?::bigint[], ?::bigint[], ?::bigint[])
    AS n (key, version, deleted, seq, updated, home)
WHERE r.key = n.key;

-- The versions of a resource that now belongs to another patient.
-- name: move_versions
UPDATE version v SET home = n.home
FROM unnest(?::bigint[], ?::bigint[], ?::bigint[]) AS n (key, home_before, home)
WHERE v.key = n.key AND v.home = n.home_before;

-- name: add_version
INSERT INTO version (seq, home, key, type, version, txn, updated, method, body)
SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::integer[], ?::bigint[], ?::bigint[], ?::bigint[], ?::integer[], ?::bytea[]);

-- name: add_txn
INSERT INTO txn (id, at, actor, client, interaction, purpose, request, entries, hash)
SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::bytea[]);

-- name: add_tally
INSERT INTO tally (type, live) SELECT * FROM unnest(?::integer[], ?::bigint[]);

-- name: add_token
INSERT INTO token_index (key, param, code, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[]);

-- name: add_reference
INSERT INTO reference_index (key, param, target, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[]);

-- name: add_date
INSERT INTO date_index (key, param, low, high, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[], ?::bigint[]);

-- name: add_string
INSERT INTO string_index (key, param, text, exact, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::text[], ?::text[], ?::bigint[]);

-- name: add_number
INSERT INTO number_index (key, param, low, high, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::double precision[], ?::double precision[], ?::bigint[]);

-- name: add_quantity
INSERT INTO quantity_index (key, param, code, low, high, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::bigint[], ?::double precision[], ?::double precision[], ?::bigint[]);

-- name: add_uri
INSERT INTO uri_index (key, param, uri, home)
SELECT * FROM unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[]);

-- name: drop_token
DELETE FROM token_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;

-- name: drop_reference
DELETE FROM reference_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;

-- name: drop_date
DELETE FROM date_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;

-- name: drop_string
DELETE FROM string_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;

-- name: drop_number
DELETE FROM number_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;

-- name: drop_quantity
DELETE FROM quantity_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;

-- name: drop_uri
DELETE FROM uri_index i USING unnest(?::bigint[], ?::bigint[]) AS n (key, home) WHERE i.key = n.key AND i.home = n.home;
