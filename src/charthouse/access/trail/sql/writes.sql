-- name: of_patient
SELECT t.id, t.at, t.actor, t.client, t.interaction, t.purpose, t.request, x.first, x.last
FROM trail_patient p JOIN trail_txn x ON x.txn = p.txn JOIN txn t ON t.id = p.txn
WHERE p.patient = ? AND p.at >= ? AND p.at <= ? AND (p.at < ? OR p.txn < ?)
ORDER BY p.at DESC, p.txn DESC LIMIT ?;

-- name: of_actor
SELECT t.id, t.at, t.actor, t.client, t.interaction, t.purpose, t.request, x.first, x.last
FROM trail_txn x JOIN txn t ON t.id = x.txn
WHERE x.actor = ? AND x.at >= ? AND x.at <= ? AND (x.at < ? OR x.txn < ?)
ORDER BY x.at DESC, x.txn DESC LIMIT ?;

-- name: latest
SELECT t.id, t.at, t.actor, t.client, t.interaction, t.purpose, t.request, x.first, x.last
FROM trail_txn x JOIN txn t ON t.id = x.txn
WHERE x.at >= ? AND x.at <= ? AND (x.at < ? OR x.txn < ?)
ORDER BY x.at DESC, x.txn DESC LIMIT ?;

-- name: one
SELECT t.id, t.at, t.actor, t.client, t.interaction, t.purpose, t.request, x.first, x.last
FROM trail_txn x JOIN txn t ON t.id = x.txn WHERE t.id = ?;

-- name: after
SELECT x.place, t.id, t.at, t.actor, t.client, t.interaction, t.purpose, t.request, x.first, x.last
FROM trail_txn x JOIN txn t ON t.id = x.txn WHERE x.place > ? ORDER BY x.place LIMIT ?;

-- What a transaction wrote: key, version, method, home of the patient (a patient is at home in itself).
-- name: versions
SELECT v.key, v.version, v.method, r.home
FROM version v JOIN resource r ON r.key = v.key
WHERE v.seq >= ? AND v.seq <= ? AND v.txn = ? ORDER BY v.seq LIMIT ?;

-- What is not taken up yet.
-- name: take_turn
SELECT 1;

-- name: fresh
SELECT id, at, actor FROM txn
WHERE id > (SELECT coalesce(max(txn), 0) FROM trail_txn) ORDER BY id LIMIT ?;

-- name: waiting
SELECT count(*) FROM txn WHERE id > (SELECT coalesce(max(txn), 0) FROM trail_txn);

-- name: last_seq
SELECT coalesce(max(last), 0) FROM trail_txn;

-- name: wrote
SELECT v.txn, v.seq, r.home FROM version v JOIN resource r ON r.key = v.key
WHERE v.seq > ? ORDER BY v.seq LIMIT ?;

-- name: add_txn
INSERT INTO trail_txn (txn, at, actor, first, last) VALUES (?, ?, ?, ?, ?);

-- name: add_patient
INSERT INTO trail_patient (patient, at, txn) VALUES (?, ?, ?);
