-- name: by_code
SELECT id, code, display, flags, parent, last FROM term_concept WHERE system = ? AND code = ?
-- name: by_cases
SELECT id, code, display, flags, parent, last FROM term_concept WHERE system = ? AND code IN (?, ?)
-- name: by_fold
SELECT id, code, display, flags, parent, last FROM term_concept WHERE system = ? AND LOWER(code) = LOWER(?)
-- name: by_codes
SELECT id, code, display, flags, parent, last FROM term_concept
WHERE system = ? AND code IN (SELECT value FROM json_each(?))
-- name: by_ids
SELECT id, code, display, flags, parent, last FROM term_concept WHERE id IN (SELECT value FROM json_each(?))
-- name: between
SELECT id, code, display, flags, parent, last FROM term_concept WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?
-- name: spans
SELECT low, high FROM term_span WHERE concept = ?
-- name: above
SELECT parent FROM term_concept WHERE id IN (SELECT value FROM json_each(?)) AND parent > 0
UNION
SELECT parent FROM term_parent WHERE concept IN (SELECT value FROM json_each(?))
-- name: parents
SELECT c.id, c.code, c.display, c.flags, c.parent, c.last FROM term_parent AS p
JOIN term_concept AS c ON c.id = p.parent WHERE p.concept = ? ORDER BY c.id
-- name: children
-- (concept, number, the same, number) -> those of whom it is the main parent, and the others
SELECT * FROM (
    SELECT id, code, display, flags, parent, last FROM term_concept WHERE parent = ? ORDER BY id LIMIT ?
) AS nested
UNION ALL
SELECT * FROM (
    SELECT c.id, c.code, c.display, c.flags, c.parent, c.last FROM term_parent AS p
    JOIN term_concept AS c ON c.id = p.concept WHERE p.parent = ? ORDER BY p.concept LIMIT ?
) AS further
-- name: designations
SELECT concept, text, language, use FROM term_designation
WHERE concept IN (SELECT value FROM json_each(?)) ORDER BY concept, place
-- name: properties
SELECT concept, name, value FROM term_property
WHERE concept IN (SELECT value FROM json_each(?)) ORDER BY concept, name, place
-- name: holds
SELECT 1 FROM term_property WHERE concept = ? AND name = ? AND value = ?
-- name: having
SELECT concept FROM term_property WHERE name = ? AND value = ? AND concept BETWEEN ? AND ?
-- name: valued
SELECT concept, value FROM term_property WHERE name = ? AND concept BETWEEN ? AND ? ORDER BY concept, place
-- name: valued_once
SELECT 1 FROM term_property WHERE name = ? AND concept BETWEEN ? AND ? LIMIT 1
-- name: flagged
SELECT id FROM term_concept WHERE id BETWEEN ? AND ? AND flags & ? <> 0
-- name: likely
-- LIKE overlooks the case of plain letters here
SELECT id FROM term_concept WHERE id BETWEEN ? AND ? AND (display LIKE ? OR code LIKE ?)
UNION ALL
SELECT concept FROM term_designation
WHERE concept BETWEEN ? AND ? AND text LIKE ? AND use NOT IN ('definition', 'comment')
