-- name: mail
SELECT m.patient, m.status, m.day, m.note,
    CASE WHEN EXISTS (SELECT 1 FROM incident_mail a
        WHERE a.incident = m.incident AND a.patient = m.patient AND a.status = 'agreed') THEN 1 ELSE 0 END
FROM incident_mail m
WHERE m.incident = ? AND m.id = (
    SELECT MAX(n.id) FROM incident_mail n WHERE n.incident = m.incident AND n.patient = m.patient);
