-- name: by_codes
SELECT id, code, display, flags, parent, last FROM term_concept
WHERE system = ? AND code = ANY (ARRAY(SELECT json_array_elements_text(?::json)))
-- name: by_ids
SELECT id, code, display, flags, parent, last FROM term_concept
WHERE id = ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint))
-- name: designations
SELECT concept, text, language, use FROM term_designation
WHERE concept = ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint)) ORDER BY concept, place
-- name: properties
SELECT concept, name, value FROM term_property
WHERE concept = ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint)) ORDER BY concept, name, place
-- name: above
SELECT parent FROM term_concept
WHERE id = ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint)) AND parent > 0
UNION
SELECT parent FROM term_parent WHERE concept = ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint))
-- name: having
SELECT concept FROM term_property
WHERE name = ? AND LEFT(value, 200) = LEFT(?, 200) AND concept BETWEEN ? AND ?
-- name: likely
SELECT id FROM term_concept WHERE id BETWEEN ? AND ? AND (display ILIKE ? OR code ILIKE ?)
UNION ALL
SELECT concept FROM term_designation
WHERE concept BETWEEN ? AND ? AND text ILIKE ? AND use NOT IN ('definition', 'comment')
