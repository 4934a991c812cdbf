-- One by one, however many rows the planner expects of a page (OFFSET 0 keeps it from joining whole tables).
-- name: read
SELECT p.*, f.id, f.version, f.updated, f.home, f.method, f.body
FROM ({page}) p
CROSS JOIN LATERAL (
    SELECT r.id, r.version, r.updated, r.home, v.method, v.body
    FROM resource r JOIN version v ON v.seq = r.seq AND v.home = r.home
    WHERE r.key = p.key OFFSET 0
) f
ORDER BY {order}

-- name: few
SELECT c.key, f.id, f.version, f.updated, f.home, f.method, f.body
FROM (
    SELECT i.key FROM {table} i WHERE i.param {params} AND {test}
        AND i.key >= (SELECT min(i.key) FROM {near} i WHERE i.param {params} AND {near_test})
        AND i.key <= (SELECT max(i.key) FROM {near} i WHERE i.param {params} AND {near_test})
    ORDER BY i.key DESC LIMIT ?
) c
LEFT JOIN LATERAL (
    SELECT r.id, r.version, r.updated, r.home, v.method, v.body
    FROM resource r JOIN version v ON v.seq = r.seq AND v.home = r.home
    WHERE r.key = c.key AND r.deleted = 0 AND r.version > 0{conditions} OFFSET 0
) f ON true
ORDER BY c.key DESC

-- name: unchanged_since
EXISTS (
    SELECT 1 FROM (SELECT ?::text) AS b (moment)
    WHERE r.seq <= split_part(b.moment, ' ', 1)::bigint OR EXISTS (
        SELECT 1 FROM version v JOIN txn t ON t.id = v.txn
        WHERE v.seq = r.seq AND v.home = r.home
            AND pg_visible_in_snapshot(t.xact, split_part(b.moment, ' ', 2)::pg_snapshot)
    )
)

-- Index rows lie with the patient of their resource (`home`).
-- name: first_number
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.home = s.home AND x.param = s.param
    AND (x.low < s.low OR (x.low = s.low AND x.high < s.high)) OFFSET 0)

-- name: first_number_descending
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.home = s.home AND x.param = s.param
    AND (x.low > s.low OR (x.low = s.low AND x.high > s.high)) OFFSET 0)

-- name: first_string
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.home = s.home AND x.param = s.param
    AND (x.text < s.text OR (x.text = s.text AND x.exact < s.exact)) OFFSET 0)

-- name: first_string_descending
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.home = s.home AND x.param = s.param
    AND (x.text > s.text OR (x.text = s.text AND x.exact > s.exact)) OFFSET 0)

-- name: sort_low
(SELECT {first}(i.low) FROM {table} i WHERE i.key = r.key AND i.home = r.home AND i.param {params})

-- name: sort_text
(SELECT {first}(i.text) FROM string_index i WHERE i.key = r.key AND i.home = r.home AND i.param {params})

-- name: sort_code
(SELECT {first}(c.code) FROM token_index i JOIN code c ON c.id = i.code WHERE i.key = r.key AND i.home = r.home AND i.param {params})

-- name: sort_uri
(SELECT {first}(u.text) FROM uri_index i JOIN uri u ON u.id = i.uri WHERE i.key = r.key AND i.home = r.home AND i.param {params})

-- name: sort_target
(SELECT {first}(coalesce(t.name || '/' || x.id, u.text)) FROM reference_index i
    LEFT JOIN resource x ON x.key = i.target LEFT JOIN type t ON t.id = x.type LEFT JOIN uri u ON u.id = -i.target
    WHERE i.key = r.key AND i.home = r.home AND i.param {params})

-- name: sort_target_of_type
(SELECT {first}(t.name || '/' || x.id) FROM reference_index i
    JOIN resource x ON x.key = i.target JOIN type t ON t.id = x.type
    WHERE i.key = r.key AND i.home = r.home AND i.param {params} AND t.name = ?)

-- name: from_value
(SELECT i.key, i.home FROM {table} i WHERE i.param {params} AND {test}) hit CROSS JOIN resource r
WHERE r.key = hit.key AND r.deleted = 0 AND r.version > 0

-- name: from_value_rows
(SELECT i.key, i.home FROM {table} i WHERE i.param {params} AND {test}) hit WHERE 1 = 1
