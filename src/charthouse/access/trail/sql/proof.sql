-- The index by which writes are found, against the log it is derived from.
-- name: stray
SELECT x.txn FROM trail_txn x LEFT JOIN txn t ON t.id = x.txn
WHERE t.id IS NULL OR t.at <> x.at OR t.actor <> x.actor ORDER BY x.txn LIMIT ?;

-- name: missing
SELECT t.id FROM txn t LEFT JOIN trail_txn x ON x.txn = t.id
WHERE x.txn IS NULL AND t.id <= (SELECT coalesce(max(txn), 0) FROM trail_txn) ORDER BY t.id LIMIT ?;

-- A resource that never moved to another patient: each of its writes must be found by that patient.
-- name: unfound
SELECT v.txn, r.home FROM resource r JOIN version v ON v.key = r.key JOIN trail_txn x ON x.txn = v.txn
LEFT JOIN trail_patient p ON p.patient = r.home AND p.at = x.at AND p.txn = v.txn
WHERE r.home > 0 AND r.version = 1 AND p.txn IS NULL ORDER BY v.txn LIMIT ?;

-- name: loose
SELECT p.patient, p.txn FROM trail_patient p LEFT JOIN trail_txn x ON x.txn = p.txn AND x.at = p.at
WHERE x.txn IS NULL ORDER BY p.txn LIMIT ?;
