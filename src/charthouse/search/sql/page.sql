-- Pages and totals. A source is where candidates come from; every one shows live resources only.

-- name: page
SELECT {key} AS key{columns} FROM {source}{conditions} ORDER BY {order} LIMIT ?

-- The resources of a page. Bodies are fetched for its rows alone, never for what is sorted to find them.
-- name: read
SELECT p.*, r.id, r.version, r.updated, r.home, v.method, v.body
FROM ({page}) p CROSS JOIN resource r ON r.key = p.key CROSS JOIN version v ON v.seq = r.seq ORDER BY {order}

-- The newest rows of one value between the keys of another value's rows, each with its resource where that
-- meets everything else.
-- name: few
SELECT c.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM (
    SELECT i.key FROM {table} i WHERE i.param {params} AND {test}
        AND i.key >= (SELECT min(i.key) FROM {near} i WHERE i.param {params} AND {near_test})
        AND i.key <= (SELECT max(i.key) FROM {near} i WHERE i.param {params} AND {near_test})
    ORDER BY i.key DESC LIMIT ?
) c
LEFT JOIN resource r ON r.key = c.key AND r.deleted = 0 AND r.version > 0{conditions}
LEFT JOIN version v ON v.seq = r.seq
ORDER BY c.key DESC

-- name: total
SELECT count(*) FROM {source}{conditions}

-- name: total_to
SELECT count(*) FROM (SELECT 1 FROM {source}{conditions} LIMIT ?) n

-- One value of one parameter; its rows come in the order of their keys, each key once. Conditions on the index alone
-- are asked of the rows of `hit` before the resource is looked for.
-- name: from_value
(SELECT i.key FROM {table} i WHERE i.param {params} AND {test}) hit CROSS JOIN resource r
WHERE r.key = hit.key AND r.deleted = 0 AND r.version > 0

-- Where the keys that can match at all are known to lie. (SQLite does not start from a BETWEEN here.)
-- name: between
i.key >= ? AND i.key <= ?

-- name: unchanged_since
r.seq <= ?

-- The same for counting alone: the writer drops the rows of a resource with the resource.
-- name: from_value_rows
(SELECT i.key FROM {table} i WHERE i.param {params} AND {test}) hit WHERE 1 = 1

-- name: total_of
SELECT ({totals})

-- The keys that several gathers have in common.
-- name: total_common
SELECT count(*) FROM ({keys}) n

-- name: keys_of
SELECT n.key FROM ({gather}) n

-- name: from_keys
resource r WHERE r.key IN ({gather}) AND r.deleted = 0 AND r.version > 0

-- name: from_type
resource r WHERE r.type = ? AND r.deleted = 0 AND r.version > 0

-- Walking the values of the first sort key in order; of several values of a resource the first one counts.
-- name: from_order
{table} s CROSS JOIN resource r
WHERE s.param {params}{stretch} AND r.key = s.key AND r.deleted = 0 AND r.version > 0{first}

-- name: stretch
s.low >= ? AND s.low < ?

-- name: first_number
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.param = s.param
    AND (x.low < s.low OR (x.low = s.low AND x.high < s.high)))

-- name: first_number_descending
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.param = s.param
    AND (x.low > s.low OR (x.low = s.low AND x.high > s.high)))

-- name: first_string
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.param = s.param
    AND (x.text < s.text OR (x.text = s.text AND x.exact < s.exact)))

-- name: first_string_descending
NOT EXISTS (SELECT 1 FROM {table} x WHERE x.key = s.key AND x.param = s.param
    AND (x.text > s.text OR (x.text = s.text AND x.exact > s.exact)))

-- The value a resource is sorted by (R4 search.html#sort): of several the one that comes first.
-- name: sort_low
(SELECT {first}(i.low) FROM {table} i WHERE i.key = r.key AND i.param {params})

-- name: sort_text
(SELECT {first}(i.text) FROM string_index i WHERE i.key = r.key AND i.param {params})

-- name: sort_code
(SELECT {first}(c.code) FROM token_index i JOIN code c ON c.id = i.code WHERE i.key = r.key AND i.param {params})

-- name: sort_uri
(SELECT {first}(u.text) FROM uri_index i JOIN uri u ON u.id = i.uri WHERE i.key = r.key AND i.param {params})

-- name: sort_target
(SELECT {first}(coalesce(t.name || '/' || x.id, u.text)) FROM reference_index i
    LEFT JOIN resource x ON x.key = i.target LEFT JOIN type t ON t.id = x.type LEFT JOIN uri u ON u.id = -i.target
    WHERE i.key = r.key AND i.param {params})

-- name: sort_target_of_type
(SELECT {first}(t.name || '/' || x.id) FROM reference_index i
    JOIN resource x ON x.key = i.target JOIN type t ON t.id = x.type
    WHERE i.key = r.key AND i.param {params} AND t.name = ?)
