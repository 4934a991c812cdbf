-- Index rows lie with the patient of their resource (`home`).
-- name: matches
SELECT r.key AS key, r.home AS home, r.updated AS updated, {at} AS at,
    (SELECT max(i.target) FROM reference_index i WHERE i.key = r.key AND i.home = r.home AND i.param {subject}) AS subject
FROM {source}{conditions}

-- name: newest
WITH m AS MATERIALIZED ({matches}), c AS (
    SELECT m.*, i.code FROM m JOIN token_index i ON i.key = m.key AND i.home = m.home AND i.param {code}
)
SELECT subject, code, key, at, updated FROM (
    SELECT c.*, rank() OVER (
        PARTITION BY subject, code
        ORDER BY CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, CASE WHEN at IS NULL THEN updated END DESC
    ) AS place FROM c
) n WHERE place <= ? LIMIT ?

-- name: beside
WITH m AS MATERIALIZED ({matches})
SELECT DISTINCT m.subject, a.code, b.code FROM m JOIN token_index a ON a.key = m.key AND a.home = m.home AND a.param {code}
JOIN token_index b ON b.key = m.key AND b.home = m.home AND b.param {code} AND b.code > a.code LIMIT ?

-- name: bare
WITH m AS MATERIALIZED ({matches})
SELECT m.subject, m.key, m.at, m.updated FROM m
WHERE NOT EXISTS (SELECT 1 FROM token_index i WHERE i.key = m.key AND i.home = m.home AND i.param {code})
ORDER BY m.key DESC LIMIT ?
