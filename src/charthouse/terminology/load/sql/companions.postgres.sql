-- Two loads at once would each take the other for one that had stopped. Held until the connection closes.
-- name: take_turn
SELECT pg_try_advisory_lock(1751345011, 1)::int
-- name: end_turn
SELECT pg_advisory_unlock(1751345011, 1)::int
