-- What PostgreSQL says in other words.

-- By code points whatever the collation of the database, as the end of the stretch is made for.
-- name: string_start
(i.text COLLATE "C" >= ? AND i.text COLLATE "C" < ?)

-- Index rows lie with the patient of their resource (`home`), and probes are probes: OFFSET 0 keeps them
-- from becoming a join that starts somewhere else than the search has chosen.
-- name: probe
EXISTS (SELECT 1 FROM {table} i WHERE i.key = r.key AND i.home = r.home AND i.param {params} AND ({tests}) OFFSET 0)

-- name: probe_value
EXISTS (SELECT 1 FROM {table} i WHERE i.key = r.key AND i.home = r.home AND i.param {params} AND {tests} OFFSET 0)

-- name: absent
NOT EXISTS (SELECT 1 FROM {table} i WHERE i.key = r.key AND i.home = r.home AND i.param {params} OFFSET 0)

-- name: gather_long
SELECT i.key FROM {table} i WHERE i.param {params} AND {test}

-- name: token_among
i.code IN (SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb))

-- name: key_among
{row}.key IN (SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb))

-- name: string_contains
strpos(i.text, ?) > 0

-- name: string_ends
right(i.text, ?) = ?

-- name: token_is_listed
i.code {list}

-- name: reference_is_listed
i.target {list}

-- name: uri_is_listed
i.uri {list}
