-- name: accounts
SELECT id, kind, name, display, practitioner, patient FROM account WHERE id IN (SELECT value FROM json_each(?));

-- Which roles a person held at a moment.
-- name: roles
SELECT role FROM role_held WHERE account = ? AND since <= ? AND (ended IS NULL OR ended > ?) ORDER BY role;

-- name: everybody
SELECT id, kind, name, display, practitioner, patient FROM account WHERE id > ? ORDER BY id LIMIT ?;

-- name: by_name
SELECT id FROM account WHERE name = ? ORDER BY kind DESC LIMIT 1;

-- name: by_practitioner
SELECT id FROM account WHERE practitioner = ?;

-- name: by_patient
SELECT id FROM account WHERE patient = ?;

-- name: resources
SELECT r.key, t.name, r.id FROM resource r JOIN type t ON t.id = r.type
WHERE r.key IN (SELECT value FROM json_each(?));

-- name: key
SELECT r.key, r.home FROM resource r JOIN type t ON t.id = r.type WHERE t.name = ? AND r.id = ?;
