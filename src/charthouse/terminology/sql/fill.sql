-- name: same
SELECT id, state, first, concepts FROM term_system WHERE url = ? AND version = ?
-- name: unfinished
SELECT id, first, concepts FROM term_system WHERE state = 0
-- name: next_system
SELECT COALESCE(MAX(id), 0) + 1 FROM term_system
-- name: next_concept
SELECT COALESCE(MAX(first + concepts), 1) FROM term_system
-- name: add_system
INSERT INTO term_system (id, url, version, title, content, hierarchy, case_sensitive, valid_from, valid_until,
    source, notice, first, concepts, loaded, state, about)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
-- name: use
UPDATE term_system SET state = 1 WHERE id = ?
-- name: disuse
UPDATE term_system SET state = 0 WHERE id = ?
-- name: add_concept
INSERT INTO term_concept (id, system, code, display, flags, parent, last) VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: add_parent
INSERT INTO term_parent (concept, parent) VALUES (?, ?)
-- name: add_span
INSERT INTO term_span (concept, low, high) VALUES (?, ?, ?)
-- name: add_designation
INSERT INTO term_designation (concept, place, language, use, text) VALUES (?, ?, ?, ?, ?)
-- name: add_property
INSERT INTO term_property (concept, name, place, value) VALUES (?, ?, ?, ?)
-- name: add_word
INSERT INTO term_word (system, word, concepts) VALUES (?, ?, ?)
-- name: put_artifact
INSERT INTO term_artifact (kind, url, version, body) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, url, version) DO UPDATE SET body = excluded.body
-- name: put_mapping
INSERT INTO term_mapping (map, source_system, source, place, target_system, target, equivalence, note)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (map, source_system, source, place) DO UPDATE
SET target_system = excluded.target_system, target = excluded.target, equivalence = excluded.equivalence, note = excluded.note
-- name: drop_concepts
DELETE FROM term_concept WHERE id >= ? AND id < ?
-- name: drop_parents
DELETE FROM term_parent WHERE concept >= ? AND concept < ?
-- name: drop_spans
DELETE FROM term_span WHERE concept >= ? AND concept < ?
-- name: drop_designations
DELETE FROM term_designation WHERE concept >= ? AND concept < ?
-- name: drop_properties
DELETE FROM term_property WHERE concept >= ? AND concept < ?
-- name: drop_words
DELETE FROM term_word WHERE system = ?
-- name: drop_system
DELETE FROM term_system WHERE id = ?
