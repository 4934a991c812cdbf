-- name: blocks
SELECT id, first, last, at, hash FROM audit_block WHERE id > ? ORDER BY id LIMIT ?;

-- name: events
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address,
    resources, patients, mark
FROM audit_event WHERE id > ? AND id <= ? ORDER BY id;

-- The numbers alone, for when a row cannot be read.
-- name: block_ids
SELECT id FROM audit_block WHERE id > ? ORDER BY id LIMIT ?;

-- name: event_ids
SELECT id FROM audit_event WHERE id > ? AND id <= ? ORDER BY id;

-- name: event_ends
SELECT min(id), coalesce(max(id), 0) FROM audit_event;

-- name: before_start
SELECT 'audit_event', CAST(id AS TEXT) FROM audit_event WHERE id < 1
UNION ALL SELECT 'audit_block', CAST(id AS TEXT) FROM audit_block WHERE id < 1
LIMIT 1;

-- name: after_end
SELECT id FROM audit_event WHERE id > ? ORDER BY id LIMIT 1;

-- name: touched_count
SELECT count(*) FROM audit_patient;

-- name: touched
SELECT event, patient FROM audit_patient
WHERE event >= ? AND event <= ? AND patient IN (SELECT value FROM json_each(?));

-- name: touched_from
SELECT p.patient, p.event, e.patients
FROM audit_patient p LEFT JOIN audit_event e ON e.id = p.event
WHERE (p.patient, p.event) > (?, ?) ORDER BY p.patient, p.event LIMIT ?;
