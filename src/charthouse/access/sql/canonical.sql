-- name: moved
-- Grows with every version of these types that is written.
SELECT COALESCE(MAX(seq), 0) FROM version WHERE type = ?;
