-- name: position
-- A transaction may commit after one with a later number, so those of the last 10,000 numbers are counted as well.
WITH asked AS (SELECT CAST(? AS INTEGER) AS type),
     last AS (SELECT (SELECT MAX(v.seq) FROM version v WHERE v.type = a.type) AS seq, a.type FROM asked a)
SELECT (SELECT COALESCE(MAX(l.seq), 0) * 16384 + COUNT(v.seq)
        FROM last l LEFT JOIN version v ON v.type = l.type AND v.seq > l.seq - 10000),
       s.stamp, s.seq
FROM consent_state s WHERE s.id = 1;
