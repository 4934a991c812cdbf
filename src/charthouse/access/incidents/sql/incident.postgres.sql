-- name: turn
SELECT id FROM incident WHERE name = ? FOR UPDATE;
