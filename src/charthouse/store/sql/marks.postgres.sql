-- name: hold
SELECT pg_try_advisory_lock(?);
