-- name: generation
SELECT generation FROM access_state WHERE id = 1;

-- name: bump
UPDATE access_state SET generation = generation + 1 WHERE id = 1;
