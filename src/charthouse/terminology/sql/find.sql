-- name: vocabulary
SELECT word, SUBSTR(concepts, 1, 3) FROM term_word WHERE system = ?
-- name: sets
SELECT word, concepts FROM term_word WHERE system = ? AND word IN (SELECT value FROM json_each(?))
-- name: starting
-- (system, how a code begins, the same, number) -> concepts whose code begins so
SELECT id, code, display, flags, parent, last FROM term_concept
WHERE system = ? AND code >= ? AND code < ? || CHAR(1114111) ORDER BY id LIMIT ?
-- name: included
SELECT concept, value FROM term_property
WHERE name = ? AND concept IN (SELECT value FROM json_each(?)) ORDER BY concept, place
