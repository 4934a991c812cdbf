-- Steps from one resource to another, and what is worked out before a search. Slots in braces are filled with
-- other statements and with lists of placeholders, never with values.

-- The keys of a type that meet conditions, to a limit.
-- name: keys
SELECT r.key FROM {source}{conditions} LIMIT ?

-- The same where index rows can tell everything.
-- name: hits
SELECT hit.key FROM {source}{conditions} LIMIT ?

-- The same in the order of the keys, after one, as rows that a resource is made of.
-- name: heads
SELECT p.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM (SELECT r.key FROM {source}{conditions} AND r.key > ? ORDER BY r.key LIMIT ?) p
CROSS JOIN resource r ON r.key = p.key CROSS JOIN version v ON v.seq = r.seq ORDER BY p.key

-- What these resources refer to.
-- name: targets
SELECT DISTINCT i.target FROM reference_index i WHERE i.key IN (SELECT value FROM json_each(?)) AND i.param {params} AND i.target > 0

-- `r` refers to a resource that meets conditions.
-- name: forward
EXISTS (SELECT 1 FROM reference_index j CROSS JOIN resource {row}
    WHERE {row}.key = j.target AND {row}.type = ? AND {row}.deleted = 0 AND {row}.version > 0{conditions}
    AND j.key = r.key AND j.param {params})

-- A resource that meets conditions refers to `r`.
-- name: reverse
EXISTS (SELECT 1 FROM reference_index j CROSS JOIN resource {row}
    WHERE {row}.key = j.key AND {row}.type = ? AND {row}.deleted = 0 AND {row}.version > 0{conditions}
    AND j.target = r.key AND j.param {params}{near})

-- `r` has a reference to a resource of one type, whether that is there or not.
-- name: refers_to_type
EXISTS (SELECT 1 FROM reference_index j CROSS JOIN resource x
    WHERE j.key = r.key AND j.param {params} AND x.key = j.target AND x.type = ?)

-- Whether texts of a parameter were cut for the index.
-- name: any_cut
SELECT 1 FROM string_index i WHERE i.param {params} AND length(i.text) >= ? LIMIT 1
