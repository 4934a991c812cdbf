-- The end of the chain over what was written: on SQLite the last transaction.
-- name: record_head
SELECT id, hash FROM txn ORDER BY id DESC LIMIT 1;

-- name: record_hash
SELECT hash FROM txn WHERE id = ?;

-- name: record_end
SELECT coalesce(max(id), 0) FROM txn;

-- name: audit_head
SELECT id, last, hash FROM audit_block ORDER BY id DESC LIMIT 1;

-- name: add
INSERT INTO checkpoint (at, body) VALUES (?, ?);

-- name: last
SELECT id, at, body FROM checkpoint ORDER BY id DESC LIMIT ?;
