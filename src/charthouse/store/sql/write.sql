-- name: chain_head
SELECT id, hash FROM txn ORDER BY id DESC LIMIT 1;

-- name: last_key
SELECT coalesce(max(key), 0) FROM resource;

-- The last version, and which search parameters there are besides the standard's.
-- name: last_seq
SELECT coalesce((SELECT max(seq) FROM version), 0), (SELECT generation FROM index_state);

-- name: head
SELECT key, version, deleted, seq, home FROM resource WHERE type = ? AND id = ?;

-- name: add_resource
INSERT INTO resource (key, type, id, version, deleted, seq, updated, home) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: change_resource
UPDATE resource SET version = ?, deleted = ?, seq = ?, updated = ?, home = ? WHERE key = ?;

-- name: add_version
INSERT INTO version (seq, key, type, version, txn, updated, method, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_txn
INSERT INTO txn (id, at, actor, client, interaction, purpose, request, entries, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_outbox
INSERT INTO outbox (txn) VALUES (?);

-- name: add_tally
INSERT INTO tally (type, live) VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET live = live + excluded.live;

-- name: add_token
INSERT INTO token_index (key, param, code) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_reference
INSERT INTO reference_index (key, param, target) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_date
INSERT INTO date_index (key, param, low, high) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_string
INSERT INTO string_index (key, param, text, exact) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_number
INSERT INTO number_index (key, param, low, high) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_quantity
INSERT INTO quantity_index (key, param, code, low, high) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: add_uri
INSERT INTO uri_index (key, param, uri) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: drop_token
DELETE FROM token_index WHERE key = ?;

-- name: drop_reference
DELETE FROM reference_index WHERE key = ?;

-- name: drop_date
DELETE FROM date_index WHERE key = ?;

-- name: drop_string
DELETE FROM string_index WHERE key = ?;

-- name: drop_number
DELETE FROM number_index WHERE key = ?;

-- name: drop_quantity
DELETE FROM quantity_index WHERE key = ?;

-- name: drop_uri
DELETE FROM uri_index WHERE key = ?;

-- name: lock
SELECT 1;
