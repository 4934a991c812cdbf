-- name: add
INSERT INTO incident (name, opened, actor, source) VALUES (?, ?, ?, ?) RETURNING id;

-- name: by_name
SELECT id, name, opened, actor, source FROM incident WHERE name = ?;

-- name: all_incidents
SELECT id, name, opened, actor, source FROM incident ORDER BY id DESC;

-- name: turn
-- Changes of one incident go one after the other; on SQLite the write lock sees to it.
SELECT id FROM incident WHERE name = ?;

-- name: add_entry
INSERT INTO incident_entry (incident, kind, at, actor, body) VALUES (?, ?, ?, ?, ?) RETURNING id;

-- name: last_entry
SELECT MAX(id) FROM incident_entry WHERE incident = ? AND kind = ?;

-- name: entries
SELECT id, kind, at, actor, body FROM incident_entry WHERE incident = ? ORDER BY id;

-- name: regions
SELECT p.region, COUNT(*) FROM incident_person p
WHERE p.incident = ? AND p.change <> 'removed' AND p.id = (
    SELECT MAX(q.id) FROM incident_person q WHERE q.incident = p.incident AND q.patient = p.patient)
GROUP BY p.region ORDER BY p.region;

-- name: statuses
-- Where the letters stand of those who are on the list.
SELECT m.status, COUNT(*) FROM incident_mail m
WHERE m.incident = ? AND m.id = (
    SELECT MAX(n.id) FROM incident_mail n WHERE n.incident = m.incident AND n.patient = m.patient)
    AND (SELECT p.change FROM incident_person p WHERE p.incident = m.incident AND p.patient = m.patient
        ORDER BY p.id DESC LIMIT 1) <> 'removed'
GROUP BY m.status;

-- name: add_rule
INSERT INTO incident_rule (name, body, at, actor) VALUES (?, ?, ?, ?);

-- name: rules
SELECT r.name, r.body FROM incident_rule r
WHERE r.id = (SELECT MAX(s.id) FROM incident_rule s WHERE s.name = r.name) ORDER BY r.name;
