-- What PostgreSQL says in other words.

-- name: codes
SELECT c.id, c.code FROM reference_index p JOIN token_index t ON t.key = p.key JOIN code c ON c.id = t.code
WHERE p.param = ? AND p.target = ? AND t.param = ? GROUP BY c.id, c.code HAVING count(*) <= ? ORDER BY c.id;

-- name: find
SELECT r.key, r.id, r.version, r.updated, v.body
FROM reference_index p JOIN token_index t ON t.key = p.key JOIN resource r ON r.key = p.key JOIN version v ON v.seq = r.seq
WHERE p.param = ? AND p.target = ? AND t.param = ? AND t.code = ? AND r.deleted = 0 LIMIT ?;
