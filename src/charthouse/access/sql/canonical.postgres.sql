-- name: moved
-- Grows with every version of these types that is written; a transaction may commit after one with a later number.
SELECT COALESCE(MAX(seq), 0) + COUNT(*) FROM version WHERE type = ?;
