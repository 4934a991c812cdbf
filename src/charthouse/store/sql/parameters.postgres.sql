-- name: defined
SELECT r.id, v.body FROM resource r JOIN version v ON v.seq = r.seq AND v.home = r.home
WHERE r.type = ? AND r.deleted = 0 AND r.version > 0 ORDER BY r.key;

-- A writer who did not know of a parameter may still be at it, so nothing that is there now tells that none will be.
-- name: has_any
SELECT 1 WHERE ?::integer IS NOT NULL;

-- name: begin_anew
INSERT INTO indexing (type, code, mark, stop, done)
SELECT n.type, n.code, -1, 0, 0 FROM unnest(?::integer[], ?::text[]) AS n (type, code)
ON CONFLICT (type, code) DO UPDATE SET mark = -1, stop = 0, done = 0;

-- name: begin
INSERT INTO indexing (type, code, mark, stop, done)
SELECT n.type, n.code, -1, 0, 0 FROM unnest(?::integer[], ?::text[]) AS n (type, code)
ON CONFLICT (type, code) DO NOTHING;

-- name: drop
DELETE FROM indexing i USING unnest(?::integer[], ?::text[]) AS n (type, code) WHERE i.type = n.type AND i.code = n.code;
