-- name: take_turn
SELECT pg_advisory_xact_lock(7210030);

-- name: is_made
SELECT to_regclass('migration') IS NOT NULL;
