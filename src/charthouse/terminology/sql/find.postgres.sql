-- name: sets
SELECT word, concepts FROM term_word
WHERE system = ? AND word = ANY (ARRAY(SELECT json_array_elements_text(?::json)))
-- name: starting
SELECT id, code, display, flags, parent, last FROM term_concept
WHERE system = ? AND starts_with(code, ?) AND starts_with(code, ?) ORDER BY id LIMIT ?
-- name: included
SELECT concept, value FROM term_property
WHERE name = ? AND concept = ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint)) ORDER BY concept, place
