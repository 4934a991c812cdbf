-- name: position
-- A transaction may commit after one with a later number, so they are counted as well.
SELECT (SELECT COALESCE(MAX(v.seq), 0) + COUNT(*) FROM version v WHERE v.type = ?), s.stamp, s.seq
FROM consent_state s WHERE s.id = 1;
