-- Conditions on one resource `r`, and the index rows that drive a search. Slots in braces are filled
-- with other statements of these files and with lists of placeholders, never with values.

-- name: probe
EXISTS (SELECT 1 FROM {table} i WHERE i.key = r.key AND i.param {params} AND ({tests}))

-- The same for a single value: its index is where its rows lie together, often on one page.
-- name: probe_value
EXISTS (SELECT 1 FROM {table} i INDEXED BY {index} WHERE i.key = r.key AND i.param {params} AND {tests})

-- name: absent
NOT EXISTS (SELECT 1 FROM {table} i WHERE i.key = r.key AND i.param {params})

-- name: gather
SELECT i.key FROM {table} i WHERE i.param {params} AND {test}

-- The same for ranges that last longer than a day, which have an index of their own.
-- name: gather_long
SELECT i.key FROM {table} i INDEXED BY date_long WHERE i.param {params} AND {test}

-- name: gather_resource
SELECT u.key FROM resource u WHERE u.type = ? AND u.deleted = 0 AND u.version > 0 AND {test}

-- name: token_is
i.code {list}

-- name: token_among
i.code IN (SELECT value FROM json_each(?))

-- name: token_of_system
i.code IN (SELECT c.id FROM code c WHERE c.system {list})

-- name: reference_is
i.target {list}

-- name: uri_is
i.uri {list}

-- name: reference_of_type
EXISTS (SELECT 1 FROM resource t WHERE t.key = i.target AND t.type = ?)

-- The same for a row that is there already: the sign keeps SQLite from seeking each of the values.
-- name: token_is_listed
+i.code {list}

-- name: reference_is_listed
+i.target {list}

-- name: uri_is_listed
+i.uri {list}

-- name: unit_is
i.code {list}

-- name: string_start
(i.text >= ? AND i.text < ?)

-- name: string_exact
(i.text = ? AND i.exact = ?)

-- A search range from low to just before high, against stored ranges (R4 search.html#prefix).
-- name: date_eq
(i.low >= ? AND i.low < ? AND i.high <= ?)

-- name: date_ne
NOT (i.low >= ? AND i.high <= ?)

-- name: date_gt
i.high > ?

-- name: date_lt
i.low < ?

-- name: date_ge
(i.high > ? OR i.low >= ?)

-- name: date_le
(i.low < ? OR i.high <= ?)

-- name: date_sa
i.low >= ?

-- name: date_eb
(i.low < ? AND i.high <= ?)

-- name: date_ap
(i.low < ? AND i.high > ?)

-- The stretch of the index in which a date condition can be met. Ranges of up to a day that end after a
-- moment begin at most a day before it; only longer ones, which have an index of their own, begin earlier.
-- name: date_range
(i.low >= ? AND i.low < ?)

-- name: date_long
(i.high > ? AND i.low < ? AND i.high - i.low > 86400000)

-- name: number_eq
(i.low >= ? AND i.low < ? AND i.high < ?)

-- name: number_ne
NOT (i.low >= ? AND i.high < ?)

-- name: number_gt
i.high > ?

-- name: number_lt
i.low < ?

-- name: number_ge
i.high >= ?

-- name: number_le
i.low <= ?

-- name: number_sa
i.low > ?

-- name: number_eb
i.high < ?

-- name: number_ap
(i.low <= ? AND i.high >= ?)

-- name: id_is
{row}.id {list}

-- name: updated_within
({row}.updated >= ? AND {row}.updated < ?)

-- name: updated_outside
NOT ({row}.updated >= ? AND {row}.updated < ?)

-- name: key_among
{row}.key IN (SELECT value FROM json_each(?))

-- name: string_contains
instr(i.text, ?) > 0

-- name: string_cut
length(i.text) >= ?

-- name: uri_below
i.uri IN (SELECT u.id FROM uri u WHERE u.text = ? OR (u.text >= ? AND u.text < ?))

-- name: string_whole
i.text = ?

-- name: string_ends
substr(i.text, -?) = ?
