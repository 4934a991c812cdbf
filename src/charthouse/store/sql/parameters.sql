-- name: state
SELECT generation, extraction FROM index_state;

-- name: move
UPDATE index_state SET generation = generation + 1 RETURNING generation;

-- name: extracted
UPDATE index_state SET extraction = ?;

-- name: defined
SELECT r.id, v.body FROM resource r JOIN version v ON v.seq = r.seq
WHERE r.type = ? AND r.deleted = 0 AND r.version > 0 ORDER BY r.key;

-- The columns of what is not complete yet, with how many resources of the type there are.
-- name: waiting
SELECT t.name, i.code, i.mark, i.stop, i.done, (SELECT sum(y.live) FROM tally y WHERE y.type = i.type)
FROM indexing i JOIN type t ON t.id = i.type ORDER BY t.name, i.mark, i.code;

-- name: has_any
SELECT 1 FROM resource WHERE type = ? AND version > 0 LIMIT 1;

-- name: begin_anew
INSERT INTO indexing (type, code, mark, stop, done) VALUES (?, ?, -1, 0, 0)
ON CONFLICT (type, code) DO UPDATE SET mark = -1, stop = 0, done = 0;

-- name: begin
INSERT INTO indexing (type, code, mark, stop, done) VALUES (?, ?, -1, 0, 0) ON CONFLICT (type, code) DO NOTHING;

-- name: drop
DELETE FROM indexing WHERE type = ? AND code = ?;
