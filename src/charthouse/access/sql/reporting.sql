-- name: chart_openings
SELECT e.id, e.at, e.actor, e.client, e.session, e.interaction, e.outcome, e.type, e.query, e.request,
    e.purpose, e.address, e.resources, e.patients
FROM audit_patient p JOIN audit_event e ON e.id = p.event
WHERE p.patient = ? AND p.event < ? AND e.at >= ? AND e.at < ?
ORDER BY p.event DESC LIMIT ?;

-- name: seen_by
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address,
    resources, patients
FROM audit_event
WHERE actor = ? AND id < ? AND at >= ? AND at < ?
ORDER BY id DESC LIMIT ?;

-- name: latest
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address,
    resources, patients
FROM audit_event
WHERE id < ? AND at >= ? AND at < ?
ORDER BY id DESC LIMIT ?;
