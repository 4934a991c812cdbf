-- name: add
INSERT INTO secret (name, value, created) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING;

-- name: all_keys
SELECT name, value FROM secret;
