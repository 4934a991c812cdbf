-- name: stamp
SELECT COUNT(*), MAX(loaded), SUM(id) FROM term_system WHERE state = 1
-- name: systems
SELECT id, url, version, title, content, hierarchy, case_sensitive, valid_from, valid_until, source, notice,
    first, concepts, loaded
FROM term_system WHERE state = 1 AND url = ?
-- name: all_systems
SELECT id, url, version, title, content, hierarchy, case_sensitive, valid_from, valid_until, source, notice,
    first, concepts, loaded
FROM term_system WHERE state = 1 ORDER BY url, version
-- name: about
SELECT about FROM term_system WHERE id = ?
-- name: versions
SELECT version FROM term_artifact WHERE kind = ? AND url = ?
-- name: artifact
SELECT body FROM term_artifact WHERE kind = ? AND url = ? AND version = ?
-- name: all_artifacts
SELECT url, version FROM term_artifact WHERE kind = ? ORDER BY url, version
-- name: mapped
SELECT source_system, source, target_system, target, equivalence, note FROM term_mapping
WHERE map = ? AND source_system = ? AND source = ? ORDER BY place
-- name: mapped_back
SELECT source_system, source, target_system, target, equivalence, note FROM term_mapping
WHERE map = ? AND target_system = ? AND target = ? ORDER BY source_system, source, place
-- name: mapped_pairs
SELECT DISTINCT source_system, target_system FROM term_mapping WHERE map = ?
