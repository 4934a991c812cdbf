-- On PostgreSQL the chain is one of blocks of transactions.
-- name: record_head
SELECT id, hash FROM block ORDER BY id DESC LIMIT 1;

-- name: record_hash
SELECT hash FROM block WHERE id = ?;

-- name: record_end
SELECT coalesce(max(id), 0) FROM block;
