-- name: plain
-- (system, words as JSON, number) -> codes whose display has each of the words anywhere, the shortest first
SELECT code FROM term_concept AS c
WHERE system = ? AND flags = 0 AND NOT EXISTS (
    SELECT 1 FROM json_each(?) AS w WHERE c.display NOT LIKE '%' || w.value || '%'
)
ORDER BY LENGTH(display), code LIMIT ?
