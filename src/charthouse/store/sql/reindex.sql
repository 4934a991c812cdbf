-- The versions of resources as they stand now.
-- name: current
SELECT key, version, 0 FROM resource WHERE key IN (SELECT value FROM json_each(?)) AND version > 0 AND deleted = 0;

-- name: last_key
SELECT coalesce(max(key), 0) FROM resource;

-- name: begun
UPDATE indexing SET mark = 0, stop = ?, done = 0 WHERE type = ? AND code = ? AND mark = -1;

-- Only from the mark that the work began at: another process may have done it meanwhile.
-- name: advance
UPDATE indexing SET mark = ?, done = done + ? WHERE type = ? AND code = ? AND mark = ?;

-- name: finish
DELETE FROM indexing WHERE type = ? AND code = ? AND mark = ?;

-- name: have_token
SELECT key, param, code FROM token_index WHERE key IN (SELECT value FROM json_each(?));

-- name: have_reference
SELECT key, param, target FROM reference_index WHERE key IN (SELECT value FROM json_each(?));

-- name: have_date
SELECT key, param, low, high FROM date_index WHERE key IN (SELECT value FROM json_each(?));

-- name: have_string
SELECT key, param, text, exact FROM string_index WHERE key IN (SELECT value FROM json_each(?));

-- name: have_number
SELECT key, param, low, high FROM number_index WHERE key IN (SELECT value FROM json_each(?));

-- name: have_quantity
SELECT key, param, code, low, high FROM quantity_index WHERE key IN (SELECT value FROM json_each(?));

-- name: have_uri
SELECT key, param, uri FROM uri_index WHERE key IN (SELECT value FROM json_each(?));

-- name: remove_token
DELETE FROM token_index WHERE key = ? AND param = ? AND code = ?;

-- name: remove_reference
DELETE FROM reference_index WHERE key = ? AND param = ? AND target = ?;

-- name: remove_date
DELETE FROM date_index WHERE key = ? AND param = ? AND low = ? AND high = ?;

-- name: remove_string
DELETE FROM string_index WHERE key = ? AND param = ? AND text = ? AND exact = ?;

-- name: remove_number
DELETE FROM number_index WHERE key = ? AND param = ? AND low = ? AND high = ?;

-- name: remove_quantity
DELETE FROM quantity_index WHERE key = ? AND param = ? AND code = ? AND low = ? AND high = ?;

-- name: remove_uri
DELETE FROM uri_index WHERE key = ? AND param = ? AND uri = ?;
