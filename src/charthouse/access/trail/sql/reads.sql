-- name: of_patient
SELECT e.id, e.at, e.actor, e.client, e.session, e.interaction, e.outcome, e.type, e.query, e.request, e.purpose,
    e.address, e.resources, e.patients
FROM audit_patient p JOIN audit_event e ON e.id = p.event
WHERE p.patient = ? AND p.event < ? AND e.at >= ? AND e.at < ?
ORDER BY p.event DESC LIMIT ?;

-- name: of_actor
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, resources, patients
FROM audit_event
WHERE actor = ? AND at >= ? AND at <= ? AND (at < ? OR id < ?)
ORDER BY at DESC, id DESC LIMIT ?;

-- name: latest
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, resources, patients
FROM audit_event
WHERE at >= ? AND at <= ? AND (at < ? OR id < ?)
ORDER BY at DESC, id DESC LIMIT ?;

-- name: failed
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, resources, patients
FROM audit_event
WHERE outcome <> 'ok' AND at >= ? AND at <= ? AND (at < ? OR id < ?)
ORDER BY at DESC, id DESC LIMIT ?;

-- name: rare
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, resources, patients
FROM audit_event
WHERE interaction NOT IN ('read', 'vread', 'search', 'history') AND at >= ? AND at <= ? AND (at < ? OR id < ?)
ORDER BY at DESC, id DESC LIMIT ?;

-- name: one
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, resources, patients
FROM audit_event WHERE id = ?;

-- name: after
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, resources, patients
FROM audit_event WHERE id > ? ORDER BY id LIMIT ?;

-- name: last
SELECT coalesce(max(id), 0) FROM audit_event;
