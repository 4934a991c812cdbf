-- What PostgreSQL says in other words: index rows lie with the patient of their resource (`home`), and probes stay probes.

-- name: in_context
EXISTS (SELECT 1 FROM reference_index i CROSS JOIN resource x
    WHERE i.key = r.key AND i.home = r.home AND i.param {params} AND x.key = i.target AND x.type {types} OFFSET 0)

-- name: label_of_resource
EXISTS (SELECT 1 FROM token_index i WHERE i.key = r.key AND i.home = r.home AND i.param = ? AND i.code {list} OFFSET 0)

-- name: label_of_patient
EXISTS (SELECT 1 FROM token_index i WHERE i.key = r.home AND i.home = r.home AND i.param = ? AND i.code {list} OFFSET 0)

-- name: label_of_either
EXISTS (SELECT 1 FROM token_index i WHERE i.key IN (r.key, r.home) AND i.home = r.home AND i.param {params} AND i.code {list} OFFSET 0)

-- name: unrelated
NOT EXISTS (SELECT 1 FROM reference_index x CROSS JOIN resource t
    WHERE x.key = r.key AND x.home = r.home AND x.param {params} AND t.key = x.target AND t.deleted = 0 AND t.version > 0
        AND ({denied}) OFFSET 0)

-- name: cared_for
EXISTS (SELECT 1 FROM reference_index p WHERE p.target = r.home AND p.home = r.home AND p.param {patients}
    AND EXISTS (SELECT 1 FROM reference_index a WHERE a.key = p.key AND a.home = r.home AND a.param {members} AND a.target {me})
    AND NOT EXISTS (SELECT 1 FROM token_index s WHERE s.key = p.key AND s.home = r.home AND s.param {statuses}
        AND s.code {over}) OFFSET 0)

-- name: general_practitioner
EXISTS (SELECT 1 FROM reference_index i WHERE i.key = r.home AND i.home = r.home AND i.param = ? AND i.target {list} OFFSET 0)

-- name: consent_speaks
{c}.opens <= ? AND {c}.closes > ? AND ({c}.purposes IS NULL OR strpos({c}.purposes, ?) > 0)
    AND ({c}.readers IS NULL{readers}) AND ({c}.types IS NULL OR strpos({c}.types, ?) > 0)

-- name: consent_reaches
({c}.has_data = 0 OR EXISTS (SELECT 1 FROM consent_data d WHERE d.rule = {c}.id AND d.key = r.key))
    AND ({c}.has_labels = 0 OR EXISTS (SELECT 1 FROM consent_code l JOIN code k ON k.code = l.code
        JOIN token_index i ON i.code = k.id AND i.key IN (r.key, r.home) AND i.param IN (?, ?) AND i.home = r.home
        WHERE l.rule = {c}.id AND l.is_label = 1))
    AND ({c}.has_codes = 0 OR EXISTS (SELECT 1 FROM consent_code l JOIN code k ON k.code = l.code
        JOIN token_index i ON i.code = k.id AND i.key = r.key AND i.home = r.home WHERE l.rule = {c}.id AND l.is_label = 0))

-- name: consent_reader
 OR strpos({c}.readers, ?) > 0
