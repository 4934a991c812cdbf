-- name: take_turn
SELECT pg_advisory_xact_lock(7210030);
