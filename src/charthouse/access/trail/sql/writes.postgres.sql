-- One process at a time takes up what was written, until its commit.
-- name: take_turn
SELECT pg_advisory_xact_lock(7210041);

-- A transaction may commit after one with a later number, so the last ones are looked through each time.
-- name: fresh
SELECT t.id, t.at, t.actor FROM txn t LEFT JOIN trail_txn x ON x.txn = t.id
WHERE t.id > (SELECT coalesce(max(txn), 0) FROM trail_txn) - 20000 AND x.txn IS NULL ORDER BY t.id LIMIT ?;

-- name: waiting
SELECT count(*) FROM txn t LEFT JOIN trail_txn x ON x.txn = t.id
WHERE t.id > (SELECT coalesce(max(txn), 0) FROM trail_txn) - 20000 AND x.txn IS NULL;

-- name: wrote
SELECT v.txn, v.seq, r.home FROM version v JOIN resource r ON r.key = v.key
WHERE v.txn = ANY(?::bigint[]) ORDER BY v.txn, v.seq;

-- name: add_txn
INSERT INTO trail_txn (txn, at, actor, first, last)
SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[]);

-- name: add_patient
INSERT INTO trail_patient (patient, at, txn) SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[]);
