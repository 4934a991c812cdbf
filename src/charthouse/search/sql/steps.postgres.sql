-- name: heads
SELECT p.key, f.id, f.version, f.updated, f.home, f.method, f.body
FROM (SELECT r.key FROM {source}{conditions} AND r.key > ? ORDER BY r.key LIMIT ?) p
CROSS JOIN LATERAL (
    SELECT r.id, r.version, r.updated, r.home, v.method, v.body
    FROM resource r JOIN version v ON v.seq = r.seq AND v.home = r.home
    WHERE r.key = p.key OFFSET 0
) f
ORDER BY p.key

-- name: targets
SELECT DISTINCT i.target FROM reference_index i
WHERE i.key IN (SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb)) AND i.param {params} AND i.target > 0

-- Index rows lie with the patient of their resource (`home`). OFFSET 0 keeps a probe a probe, one reference and then
-- its resource, whatever the planner believes of the rest.
-- name: forward
EXISTS (SELECT 1 FROM reference_index j CROSS JOIN LATERAL (
        SELECT 1 FROM resource {row} WHERE {row}.key = j.target AND {row}.type = ?
        AND {row}.deleted = 0 AND {row}.version > 0{conditions} OFFSET 0) t
    WHERE j.key = r.key AND j.home = r.home AND j.param {params} OFFSET 0)

-- name: reverse
EXISTS (SELECT 1 FROM reference_index j CROSS JOIN LATERAL (
        SELECT 1 FROM resource {row} WHERE {row}.key = j.key AND {row}.type = ?
        AND {row}.deleted = 0 AND {row}.version > 0{conditions} OFFSET 0) t
    WHERE j.target = r.key AND j.param {params}{near} OFFSET 0)

-- name: refers_to_type
EXISTS (SELECT 1 FROM reference_index j CROSS JOIN resource x
    WHERE j.key = r.key AND j.home = r.home AND j.param {params} AND x.key = j.target AND x.type = ? OFFSET 0)
