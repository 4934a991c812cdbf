-- name: all_facts
SELECT name, value FROM about;

-- name: state
INSERT INTO about (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
