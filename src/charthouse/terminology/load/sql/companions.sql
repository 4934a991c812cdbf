-- name: artifacts
SELECT kind, url FROM term_artifact
WHERE version = ? AND (SUBSTR(url, 1, LENGTH(?)) = ? OR SUBSTR(url, 1, LENGTH(?)) = ?)
-- name: drop_artifact
DELETE FROM term_artifact WHERE kind = ? AND url = ? AND version = ?
-- name: some_source
SELECT source FROM term_mapping WHERE map = ? ORDER BY source_system, source LIMIT 1 OFFSET ?
-- name: drop_mappings
DELETE FROM term_mapping WHERE map = ? AND source <= ?
-- name: drop_rest
DELETE FROM term_mapping WHERE map = ?
-- name: take_turn
SELECT 1
-- name: end_turn
SELECT 1
