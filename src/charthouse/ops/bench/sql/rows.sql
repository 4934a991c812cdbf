-- The rows of a record as they were written, to write them once more without anything else. The slots are filled
-- with the names of a table and its columns, read off the store's own statements.

-- name: transactions
SELECT id FROM txn WHERE interaction = ? ORDER BY id LIMIT ?;

-- name: version
SELECT {columns} FROM version x WHERE x.txn = ? ORDER BY x.seq;

-- name: resource
SELECT {columns} FROM version v JOIN resource x ON x.seq = v.seq AND x.key = v.key WHERE v.txn = ? ORDER BY x.key;

-- name: referred
SELECT {columns} FROM resource x WHERE x.version = 0 ORDER BY x.key;

-- name: index
SELECT {columns} FROM version v JOIN resource r ON r.seq = v.seq AND r.key = v.key JOIN {table} x ON x.key = r.key
WHERE v.txn = ? ORDER BY v.seq;
