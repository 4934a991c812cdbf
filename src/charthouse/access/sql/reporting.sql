-- name: chart_openings
SELECT e.id, e.at, e.actor, e.client, e.session, e.interaction, e.outcome, e.type, e.query, e.request,
    e.purpose, e.address, e.resources, e.patients
FROM audit_patient p JOIN audit_event e ON e.id = p.event
WHERE p.patient = ? AND p.event < ? AND e.at >= ? AND e.at < ?
ORDER BY p.event DESC LIMIT ?;

-- By time, along the index of a person; `before` is the number of the last event of the page before.
-- name: seen_by
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address,
    resources, patients
FROM audit_event
WHERE actor = ? AND at <= coalesce((SELECT b.at FROM audit_event b WHERE b.id = ?), 4611686018427387904)
    AND (at < coalesce((SELECT b.at FROM audit_event b WHERE b.id = ?), 4611686018427387904) OR id < ?)
    AND at >= ? AND at < ?
ORDER BY at DESC, id DESC LIMIT ?;

-- name: latest
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address,
    resources, patients
FROM audit_event
WHERE id < ? AND at >= ? AND at < ?
ORDER BY id DESC LIMIT ?;
