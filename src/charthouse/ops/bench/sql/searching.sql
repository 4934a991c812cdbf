-- The floor under a search by patient and code, and what is needed to choose whom to search for.

-- name: param
SELECT p.id FROM param p JOIN type t ON t.id = p.type WHERE t.name = ? AND p.code = ?;

-- name: patient
SELECT r.key FROM resource r JOIN type t ON t.id = r.type WHERE t.name = ? AND r.id = ?;

-- The patient's rows first: there are a few hundred of them, and of the codes a million.
-- name: codes
SELECT c.id, c.code FROM reference_index p CROSS JOIN token_index t ON t.key = p.key CROSS JOIN code c ON c.id = t.code
WHERE p.param = ? AND p.target = ? AND t.param = ? GROUP BY c.id, c.code HAVING count(*) <= ? ORDER BY c.id;

-- name: find
SELECT r.key, r.id, r.version, r.updated, v.body
FROM reference_index p CROSS JOIN token_index t ON t.key = p.key CROSS JOIN resource r ON r.key = p.key
CROSS JOIN version v ON v.seq = r.seq
WHERE p.param = ? AND p.target = ? AND t.param = ? AND t.code = ? AND r.deleted = 0 LIMIT ?;
