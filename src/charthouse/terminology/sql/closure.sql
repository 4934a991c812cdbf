-- name: start
INSERT INTO term_closure (name, version) VALUES (?, 0) ON CONFLICT (name) DO UPDATE SET version = 0
-- name: version
SELECT version FROM term_closure WHERE name = ?
-- name: move
UPDATE term_closure SET version = ? WHERE name = ?
-- name: codes
SELECT code FROM term_closure_code WHERE name = ? AND system = ?
-- name: links
SELECT system, source, target FROM term_closure_link WHERE name = ? AND version > ?
ORDER BY version, system, source, target
-- name: add_code
INSERT INTO term_closure_code (name, system, code, version) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
-- name: add_link
INSERT INTO term_closure_link (name, system, source, target, version) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
-- name: forget_codes
DELETE FROM term_closure_code WHERE name = ?
-- name: forget_links
DELETE FROM term_closure_link WHERE name = ?
-- name: count_codes
SELECT COUNT(*) FROM term_closure_code WHERE name = ?
-- name: count_links
SELECT COUNT(*) FROM term_closure_link WHERE name = ?
-- name: count_tables
-- (characters of the owner, the owner) -> how many tables have names that begin so
SELECT COUNT(*) FROM term_closure WHERE SUBSTR(name, 1, ?) = ?
