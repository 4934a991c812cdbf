-- Patients by the words of their names, by numbers and by birth dates: what is in memory of them, and who they are.

-- name: params
SELECT code, id FROM param WHERE type = ?;

-- Grows with every version that is written.
-- name: mark
SELECT COALESCE(MAX(seq), 0) FROM version;

-- The parts of all names, each with how many bear it.
-- name: words
SELECT i.text, count(*) FROM string_index i WHERE i.param IN (?, ?) GROUP BY i.text;

-- Names that are not taken apart: those of patients without any part.
-- name: unparted
SELECT i.text, count(*) FROM string_index i
WHERE i.param = ? AND NOT EXISTS (SELECT 1 FROM string_index x WHERE x.key = i.key AND x.param IN (?, ?))
GROUP BY i.text;

-- name: codes
SELECT n.code, c.code FROM (
    SELECT DISTINCT i.code FROM token_index i WHERE i.param = ? AND i.code > ? ORDER BY i.code LIMIT ?
) n CROSS JOIN code c WHERE c.id = n.code ORDER BY n.code;

-- The same of what was written since.
-- name: words_since
SELECT DISTINCT i.text, 1 FROM version v CROSS JOIN string_index i ON i.key = v.key
WHERE v.seq > ? AND v.type = ? AND i.param IN (?, ?);

-- name: unparted_since
SELECT DISTINCT i.text, 1 FROM version v CROSS JOIN string_index i ON i.key = v.key
WHERE v.seq > ? AND v.type = ? AND i.param = ?
    AND NOT EXISTS (SELECT 1 FROM string_index x WHERE x.key = i.key AND x.param IN (?, ?));

-- name: codes_since
SELECT DISTINCT c.id, c.code FROM version v CROSS JOIN token_index i ON i.key = v.key CROSS JOIN code c ON c.id = i.code
WHERE v.seq > ? AND v.type = ? AND i.param IN (?, ?);

-- Candidates: whoever some conditions lead to, and who meets the others (by a probe of each) and the policy.
-- name: candidates
SELECT p.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM (
    SELECT DISTINCT d.key FROM ({keys}) d CROSS JOIN resource r
    WHERE r.key = d.key AND r.deleted = 0 AND r.version > 0{conditions} LIMIT ?
) p CROSS JOIN resource r ON r.key = p.key CROSS JOIN version v ON v.seq = r.seq;

-- name: gathered
SELECT l.key FROM ({legs}) l

-- name: word_leg
SELECT i.key FROM string_index i WHERE i.param = ? AND i.text IN (SELECT value FROM json_each(?))

-- name: number_leg
SELECT i.key FROM token_index i WHERE i.param = ? AND i.code IN (SELECT value FROM json_each(?))

-- name: born_leg
SELECT i.key FROM date_index i WHERE i.param = ? AND i.low >= ? AND i.low < ?

-- The signs keep the engine from seeking each of many values among the few rows of one patient.
-- name: word_probe
EXISTS (SELECT 1 FROM string_index i WHERE i.key = r.key AND i.param = ? AND +i.text IN (SELECT value FROM json_each(?)))

-- name: number_probe
EXISTS (SELECT 1 FROM token_index i WHERE i.key = r.key AND i.param = ? AND +i.code IN (SELECT value FROM json_each(?)))

-- name: born_probe
EXISTS (SELECT 1 FROM date_index i WHERE i.key = r.key AND i.param = ? AND i.low >= ? AND i.low < ?)
