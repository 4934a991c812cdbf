-- One at a time, among all processes, until the commit. In a statement of its own, so that the next
-- one sees what was sealed before.
-- name: take
SELECT pg_try_advisory_xact_lock(7210033);

-- name: last
SELECT id, hash, low, moment FROM block ORDER BY id DESC LIMIT 1;

-- The last version number given out, the number of this transaction, and the end of those that have ended.
-- name: reached
SELECT (SELECT last_value FROM version_seq)::text, pg_current_xact_id()::text, pg_snapshot_xmax(pg_current_snapshot())::text;

-- What is committed now and was not when the last block was made.
-- name: unsealed
SELECT t.id, t.hash, pg_current_snapshot()::text, pg_snapshot_xmin(pg_current_snapshot())::text
FROM txn t
WHERE t.xact >= pg_snapshot_xmin(?::pg_snapshot) AND NOT pg_visible_in_snapshot(t.xact, ?::pg_snapshot)
ORDER BY t.id;

-- The same for a record that was moved to a server that counts transactions anew: whatever no block holds.
-- name: everything
SELECT t.id, t.hash, pg_current_snapshot()::text, pg_snapshot_xmin(pg_current_snapshot())::text
FROM txn t ORDER BY t.id;

-- name: count_anew
UPDATE txn SET xact = '1' WHERE id = ANY(?::bigint[]);

-- name: members
SELECT members FROM block ORDER BY id;

-- name: add_block
INSERT INTO block (id, at, entries, members, low, moment, hash) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: add_outbox
INSERT INTO outbox (txn) SELECT * FROM unnest(?::bigint[]);

-- What another writer adds meanwhile is neither seen nor lost.
-- name: fold
WITH gone AS (DELETE FROM tally RETURNING type, live)
INSERT INTO tally (type, live) SELECT type, sum(live) FROM gone GROUP BY type HAVING sum(live) <> 0;

-- name: blocks
SELECT id, at, entries, members, low, moment, hash FROM block WHERE id > ? ORDER BY id LIMIT ?;

-- name: logs
SELECT id, at, actor, client, interaction, purpose, request, entries, hash FROM txn WHERE id = ANY(?::bigint[]) ORDER BY id;

-- name: versions
SELECT v.seq, v.txn, t.name, r.id, v.version, v.updated, v.method, v.body
FROM version v LEFT JOIN resource r ON r.key = v.key LEFT JOIN type t ON t.id = v.type
WHERE v.txn = ANY(?::bigint[]) ORDER BY v.txn, v.seq;

-- name: transaction_ids
SELECT id, pg_visible_in_snapshot(xact, ?::pg_snapshot) FROM txn WHERE id > ? ORDER BY id LIMIT ?;
