-- name: roles
SELECT role FROM account_role WHERE account = ?;

-- name: records
SELECT practitioner, patient FROM account WHERE id = ?;

-- name: patient_key
SELECT key FROM resource WHERE type = (SELECT id FROM type WHERE name = 'Patient') AND id = ?;

-- name: facilities
SELECT f.id, f.reference FROM works_at w JOIN facility f ON f.id = w.facility
WHERE w.account = ? AND w.ended IS NULL AND f.closed IS NULL;
