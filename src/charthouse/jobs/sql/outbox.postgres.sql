-- In the order in which they were sealed, and by one process at a time: the lock is its session's.
-- name: waiting
SELECT o.txn FROM outbox o WHERE (SELECT pg_try_advisory_lock(7210034)) ORDER BY o.place LIMIT ?;

-- name: done
DELETE FROM outbox o WHERE o.place <= (SELECT max(l.place) FROM outbox l WHERE l.txn = ?);
