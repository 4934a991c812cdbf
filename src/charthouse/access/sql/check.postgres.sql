-- name: touched
SELECT event, patient FROM audit_patient
WHERE event >= ? AND event <= ? AND patient IN (SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb));
