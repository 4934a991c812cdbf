-- Conditions on a resource `r` that policies are made of. Slots in braces are filled with lists of placeholders.

-- What the conditions below depend on beside the rules: while it stays the same, so do they.
-- name: stamp
SELECT (SELECT COALESCE(MAX(id), 0) FROM param), (SELECT COALESCE(MAX(id), 0) FROM code),
    EXISTS (SELECT 1 FROM consent_rule WHERE permits = 0), (SELECT stamp FROM consent_state WHERE id = 1);

-- name: home_is
r.home {list}

-- name: home_absent
r.home = 0

-- name: in_context
EXISTS (SELECT 1 FROM reference_index i CROSS JOIN resource x
    WHERE i.key = r.key AND i.param {params} AND x.key = i.target AND x.type {types})

-- No more than a look at the rows of one parameter: the sign keeps the engine from seeking each code.
-- name: label_of_resource
EXISTS (SELECT 1 FROM token_index i WHERE i.key = r.key AND i.param = ? AND +i.code {list})

-- name: label_of_patient
EXISTS (SELECT 1 FROM token_index i WHERE i.key = r.home AND i.param = ? AND +i.code {list})

-- name: in_labelled
r.key IN (SELECT i.key FROM token_index i WHERE i.param = ? AND i.code {list})

-- name: home_in_labelled
r.home IN (SELECT i.key FROM token_index i WHERE i.param = ? AND i.code {list})

-- name: count_labelled
SELECT count(*) FROM (SELECT 1 FROM token_index i WHERE i.param = ? AND i.code {list} LIMIT ?) n

-- name: label_of_either
EXISTS (SELECT 1 FROM token_index i WHERE i.key IN (r.key, r.home) AND i.param {params} AND +i.code {list})

-- name: security_params
SELECT id FROM param WHERE code = ?

-- name: unrelated
NOT EXISTS (SELECT 1 FROM reference_index x CROSS JOIN resource t
    WHERE x.key = r.key AND x.param {params} AND t.key = x.target AND t.deleted = 0 AND t.version > 0 AND ({denied}))

-- name: guarded
(CASE WHEN {guard} THEN {whole} ELSE {plain} END)

-- name: about
EXISTS (SELECT 1 FROM resource p WHERE p.key = r.home AND p.deleted = 0 AND p.version > 0 AND {condition})

-- name: cared_for
EXISTS (SELECT 1 FROM reference_index p CROSS JOIN resource q WHERE p.target = r.home AND p.param {patients}
    AND q.key = p.key AND q.home = r.home
    AND EXISTS (SELECT 1 FROM reference_index a WHERE a.key = p.key AND a.param {members} AND a.target {me})
    AND NOT EXISTS (SELECT 1 FROM token_index s WHERE s.key = p.key AND s.param {statuses} AND s.code {over}))

-- name: general_practitioner
EXISTS (SELECT 1 FROM reference_index i WHERE i.key = r.home AND i.param = ? AND i.target {list})

-- A consent that speaks about this reader, use, moment and resource, and decides: nothing deeper of it says otherwise.
-- name: consent
EXISTS (SELECT 1 FROM consent_rule c WHERE c.patient = r.home AND c.permits = {permits} AND {applies}
    AND NOT EXISTS (SELECT 1 FROM consent_rule x WHERE x.consent = c.consent AND x.depth > c.depth
        AND x.permits <> c.permits AND {contradicted}))

-- name: consent_speaks
{c}.opens <= ? AND {c}.closes > ? AND ({c}.purposes IS NULL OR instr({c}.purposes, ?) > 0)
    AND ({c}.readers IS NULL{readers}) AND ({c}.types IS NULL OR instr({c}.types, ?) > 0)

-- name: consent_reaches
({c}.has_data = 0 OR EXISTS (SELECT 1 FROM consent_data d WHERE d.rule = {c}.id AND d.key = r.key))
    AND ({c}.has_labels = 0 OR EXISTS (SELECT 1 FROM consent_code l JOIN code k ON k.code = l.code
        JOIN token_index i ON i.code = k.id AND i.key IN (r.key, r.home) AND i.param IN (?, ?)
        WHERE l.rule = {c}.id AND l.is_label = 1))
    AND ({c}.has_codes = 0 OR EXISTS (SELECT 1 FROM consent_code l JOIN code k ON k.code = l.code
        JOIN token_index i ON i.code = k.id AND i.key = r.key WHERE l.rule = {c}.id AND l.is_label = 0))

-- name: consent_reader
 OR instr({c}.readers, ?) > 0

-- A permit counts for data with one of these labels: it names the label, or none.
-- name: consent_permits_label
({c}.has_labels = 0 OR EXISTS (
    SELECT 1 FROM consent_code l WHERE l.rule = {c}.id AND l.is_label = 1 AND l.code {list}))

-- name: shows
SELECT 1 FROM resource r WHERE r.key = ? AND {condition}

-- name: among
SELECT r.key FROM resource r WHERE r.key {list} AND r.deleted = 0 AND {condition}

-- name: key
SELECT key FROM resource WHERE type = ? AND id = ?
