-- What the resources on a page of a whole record refer to, where that is in nobody's record or in the same one.

-- name: brought
SELECT DISTINCT r.key FROM reference_index i CROSS JOIN resource r
WHERE i.key {keys} AND r.key = i.target AND r.deleted = 0 AND r.version > 0 AND r.home {homes}{closed}{outside}{conditions}
ORDER BY r.key LIMIT ?

-- name: brought_types
SELECT DISTINCT r.type FROM reference_index i CROSS JOIN resource r
WHERE i.key {keys} AND r.key = i.target AND r.deleted = 0 AND r.version > 0 AND r.home {homes}{closed}

-- name: closed
AND NOT i.param {params}

-- What is in the compartment itself comes on a page of its own.
-- name: outside
AND r.key <> ? AND NOT EXISTS (SELECT 1 FROM reference_index j WHERE j.key = r.key AND j.param {params} AND j.target = ?)

-- name: of_type
r.type = ?
