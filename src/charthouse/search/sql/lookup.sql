-- The numbers behind names.

-- name: param
SELECT id FROM param WHERE type = ? AND code = ?;

-- name: code_in_system
SELECT c.id FROM system s JOIN code c ON c.system = s.id WHERE s.uri = ? AND c.code = ?;

-- name: code_without_system
SELECT id FROM code WHERE code = ? AND system = 0;

-- name: code_in_any_system
SELECT id FROM code WHERE code = ?;

-- name: system
SELECT id FROM system WHERE uri = ?;

-- name: uri
SELECT id FROM uri WHERE text = ?;

-- The canonical of a definition that is there, and its business version.
-- name: canonical
SELECT u.text FROM uri_index i JOIN uri u ON u.id = i.uri JOIN resource r ON r.key = i.key
WHERE i.key = ? AND i.param = ? AND r.deleted = 0;

-- name: business_version
SELECT c.code FROM token_index i JOIN code c ON c.id = i.code WHERE i.key = ? AND i.param = ?;

-- name: key
SELECT key FROM resource WHERE type {list} AND id = ?;

-- name: last_version
SELECT coalesce(max(seq), 0) FROM version;

-- How many rows a condition has, counted to a limit, and between which keys they lie.
-- name: size
SELECT count(*), min(n.key), max(n.key) FROM ({gather} LIMIT ?) n;

-- How many rows one stretch of an index has, counted to a limit.
-- name: count
SELECT count(*) FROM (SELECT 1 FROM {table} i WHERE i.param {params} AND {test} LIMIT ?) n;

-- The keys themselves, for what is not to be looked for twice.
-- name: keys
SELECT n.key FROM ({gather} LIMIT ?) n;

-- The row of one value after so many others, where there is one; between which keys its rows lie; and how
-- many of the rows of other values lie between them, counted to a limit.
-- name: weigh
SELECT (SELECT i.key FROM {table} i WHERE i.param {params} AND {test} LIMIT 1 OFFSET ?), b.low, b.high{others}
FROM (
    SELECT
        (SELECT min(i.key) FROM {table} i WHERE i.param {params} AND {test}) AS low,
        (SELECT max(i.key) FROM {table} i WHERE i.param {params} AND {test}) AS high
) b

-- name: weigh_other
, (SELECT count(*) FROM (
    SELECT 1 FROM {table} i WHERE i.param {params} AND {test} AND i.key >= b.low AND i.key <= b.high LIMIT ?
) n)

-- name: first_long
SELECT min(i.low) FROM date_index i INDEXED BY date_long WHERE i.param {params} AND {test};

-- The codes that the record uses, and what changes when there are more of them.
-- name: code_state
SELECT COALESCE(MAX(id), 0) FROM code;

-- name: every_code
SELECT c.id, s.uri, c.code FROM code c LEFT JOIN system s ON s.id = c.system AND c.system <> 0;

-- name: codes_between
SELECT c.id, c.code FROM code c WHERE c.system = 0 AND c.code >= ? AND c.code < ?;

-- name: codes_of_system
SELECT c.id, c.code FROM code c WHERE c.system = (SELECT s.id FROM system s WHERE s.uri = ?);
