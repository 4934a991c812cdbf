-- The newest of each code, without looking into any resource. `{matches}` is one of the two statements below it.

-- The matches: key, patient, what they are about, when that was, and when they were written.
-- name: matches
SELECT r.key AS key, r.home AS home, r.updated AS updated, {at} AS at,
    (SELECT max(i.target) FROM reference_index i WHERE i.key = r.key AND i.param {subject}) AS subject
FROM {source}{conditions}

-- Of each subject and code those up to a place; what is of the same moment has the same place.
-- name: newest
WITH m AS ({matches}), c AS (SELECT m.*, i.code FROM m JOIN token_index i ON i.key = m.key AND i.param {code})
SELECT subject, code, key, at, updated FROM (
    SELECT c.*, rank() OVER (
        PARTITION BY subject, code
        ORDER BY CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, CASE WHEN at IS NULL THEN updated END DESC
    ) AS place FROM c
) n WHERE place <= ? LIMIT ?

-- Codes that stand beside each other in one match: translations of each other.
-- name: beside
WITH m AS ({matches})
SELECT DISTINCT m.subject, a.code, b.code FROM m JOIN token_index a ON a.key = m.key AND a.param {code}
JOIN token_index b ON b.key = m.key AND b.param {code} AND b.code > a.code LIMIT ?

-- Matches without any code.
-- name: bare
WITH m AS ({matches})
SELECT m.subject, m.key, m.at, m.updated FROM m
WHERE NOT EXISTS (SELECT 1 FROM token_index i WHERE i.key = m.key AND i.param {code})
ORDER BY m.key DESC LIMIT ?
