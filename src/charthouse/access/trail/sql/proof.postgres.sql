-- Transactions with late commits are taken up later than others with higher numbers.
-- name: missing
SELECT t.id FROM txn t LEFT JOIN trail_txn x ON x.txn = t.id
WHERE x.txn IS NULL AND t.id <= (SELECT coalesce(max(txn), 0) FROM trail_txn) - 20000 ORDER BY t.id LIMIT ?;
