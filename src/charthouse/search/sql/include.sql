-- Resources that belong to a page without being matches.

-- name: referred
SELECT DISTINCT r.key FROM reference_index i CROSS JOIN resource r
WHERE i.key {keys} AND i.param {params} AND r.key = i.target AND r.deleted = 0 AND r.version > 0{conditions}
ORDER BY r.key LIMIT ?

-- name: referring
SELECT DISTINCT r.key FROM reference_index i CROSS JOIN resource r
WHERE i.param {params} AND i.target {keys} AND r.key = i.key AND r.deleted = 0 AND r.version > 0{conditions}
ORDER BY r.key LIMIT ?

-- name: referred_types
SELECT DISTINCT r.type FROM reference_index i CROSS JOIN resource r
WHERE i.key {keys} AND i.param {params} AND r.key = i.target AND r.deleted = 0 AND r.version > 0

-- name: of_type
r.type = ?

-- name: referring_types
SELECT DISTINCT r.type FROM reference_index i CROSS JOIN resource r
WHERE i.param {params} AND i.target {keys} AND r.key = i.key AND r.deleted = 0 AND r.version > 0
