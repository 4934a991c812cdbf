-- What PostgreSQL says in other words. Transactions may commit after later ones: what was not over when the
-- words were read last is read again.

-- name: mark
SELECT pg_snapshot_xmin(pg_current_snapshot())::text;

-- name: words_since
SELECT DISTINCT i.text, 1 FROM txn t JOIN version v ON v.txn = t.id
JOIN string_index i ON i.key = v.key AND i.home = v.home
WHERE t.xact >= ?::text::xid8 AND v.type = ? AND i.param IN (?, ?);

-- name: unparted_since
SELECT DISTINCT i.text, 1 FROM txn t JOIN version v ON v.txn = t.id
JOIN string_index i ON i.key = v.key AND i.home = v.home
WHERE t.xact >= ?::text::xid8 AND v.type = ? AND i.param = ?
    AND NOT EXISTS (SELECT 1 FROM string_index x WHERE x.key = i.key AND x.home = i.home AND x.param IN (?, ?));

-- name: codes_since
SELECT DISTINCT c.id, c.code FROM txn t JOIN version v ON v.txn = t.id
JOIN token_index i ON i.key = v.key AND i.home = v.home JOIN code c ON c.id = i.code
WHERE t.xact >= ?::text::xid8 AND v.type = ? AND i.param IN (?, ?);

-- Index rows lie with the patient they are about (`home`); OFFSET 0 keeps steps in the order they stand in.
-- name: candidates
SELECT p.key, f.id, f.version, f.updated, f.home, f.method, f.body
FROM (
    SELECT d.key FROM (SELECT DISTINCT k.key FROM ({keys}) k) d CROSS JOIN LATERAL (
        SELECT 1 FROM resource r WHERE r.key = d.key AND r.deleted = 0 AND r.version > 0{conditions} OFFSET 0
    ) x LIMIT ?
) p CROSS JOIN LATERAL (
    SELECT r.id, r.version, r.updated, r.home, v.method, v.body FROM resource r
    JOIN version v ON v.seq = r.seq AND v.home = r.home WHERE r.key = p.key OFFSET 0
) f;

-- name: word_leg
SELECT i.key FROM string_index i WHERE i.param = ? AND i.text = ANY(?::text[])

-- name: number_leg
SELECT i.key FROM token_index i WHERE i.param = ? AND i.code = ANY(?::bigint[])

-- What is reckoned with no index knows: the few rows of one patient are held against a list, and not sought for
-- each of its values.
-- name: word_probe
EXISTS (SELECT 1 FROM string_index i WHERE i.key = r.key AND i.home = r.home AND i.param = ? AND i.text || '' = ANY(?::text[]) OFFSET 0)

-- name: number_probe
EXISTS (SELECT 1 FROM token_index i WHERE i.key = r.key AND i.home = r.home AND i.param = ? AND i.code + 0 = ANY(?::bigint[]) OFFSET 0)

-- name: born_probe
EXISTS (SELECT 1 FROM date_index i WHERE i.key = r.key AND i.home = r.home AND i.param = ? AND i.low >= ? AND i.low < ? OFFSET 0)
