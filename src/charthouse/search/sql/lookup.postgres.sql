-- The moment of a first page: every version up to the number had been written or never will be, and
-- of the later ones those whose transaction is in the snapshot.
-- name: last_version
SELECT coalesce((SELECT low FROM block ORDER BY id DESC LIMIT 1), 0)::text || ' ' || pg_current_snapshot()::text;

-- A code may become visible after one with a higher number.
-- name: code_state
SELECT COALESCE(MAX(id), 0), COUNT(*) FROM code;

-- name: first_long
SELECT min(i.low) FROM date_index i WHERE i.param {params} AND {test};
