-- name: waiting
SELECT txn FROM outbox ORDER BY txn LIMIT ?;

-- name: done
DELETE FROM outbox WHERE txn <= ?;
