-- name: event
-- Over the audit.
SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address,
    resources, patients
FROM audit_event WHERE id = ?;

-- name: written_by
-- Whose records an account wrote to; over the record.
SELECT DISTINCT r.home FROM txn t JOIN version v ON v.txn = t.id JOIN resource r ON r.key = v.key
WHERE t.actor = ? AND t.at >= ? AND t.at < ? AND r.home > 0;

-- name: key_of
SELECT r.key FROM resource r JOIN type t ON t.id = r.type WHERE t.name = 'Patient' AND r.id = ? AND r.version > 0;

-- name: id_of
SELECT r.id FROM resource r JOIN type t ON t.id = r.type WHERE t.name = 'Patient' AND r.key = ?;

-- name: standing
-- The last row of each patient, why they were added, and the number under which they are on this list.
SELECT p.patient, p.change, p.region, a.source, a.reason, a.at, a.actor,
    (SELECT MIN(f.id) FROM incident_person f WHERE f.incident = p.incident AND f.patient = p.patient)
FROM incident_person p
JOIN incident_person a ON a.id = (
    SELECT MAX(q.id) FROM incident_person q
    WHERE q.incident = p.incident AND q.patient = p.patient AND q.change = 'added')
WHERE p.incident = ? AND p.id = (
    SELECT MAX(q.id) FROM incident_person q WHERE q.incident = p.incident AND q.patient = p.patient)
ORDER BY 8;

-- name: add
INSERT INTO incident_person (incident, patient, change, region, source, reason, at, actor)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: mail
-- The last status of each patient's letter, and whether they agreed to e-mail.
SELECT m.patient, m.status, m.day, m.note,
    EXISTS (SELECT 1 FROM incident_mail a
        WHERE a.incident = m.incident AND a.patient = m.patient AND a.status = 'agreed')
FROM incident_mail m
WHERE m.incident = ? AND m.id = (
    SELECT MAX(n.id) FROM incident_mail n WHERE n.incident = m.incident AND n.patient = m.patient);

-- name: add_mail
INSERT INTO incident_mail (incident, patient, status, day, note, at, actor) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: add_template
INSERT INTO incident_template (body, at, actor) VALUES (?, ?, ?);

-- name: template
SELECT body, at, actor FROM incident_template ORDER BY id DESC LIMIT 1;
