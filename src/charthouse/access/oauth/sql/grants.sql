-- name: add
INSERT INTO authorisation (app, account, session, scopes, patient, patient_id, encounter_id, nonce, signed_in, password,
    created, used)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: by_id
SELECT g.id, g.app, g.account, g.session, g.scopes, g.patient, g.patient_id, g.encounter_id, g.nonce, g.signed_in,
    g.created, g.used, g.revoked, g.password, a.password, a.disabled, s.used, s.expires, s.ended
FROM authorisation g JOIN account a ON a.id = g.account LEFT JOIN session s ON s.id = g.session WHERE g.id = ?;

-- name: of_account
SELECT p.client_id, p.name, g.scopes, g.patient_id, g.session, g.created, g.used, s.ended, s.expires
FROM authorisation g JOIN app p ON p.id = g.app LEFT JOIN session s ON s.id = g.session
WHERE g.account = ? AND g.revoked IS NULL AND p.status = 'approved' ORDER BY g.id DESC LIMIT 500;

-- name: lately
SELECT scopes FROM authorisation WHERE account = ? AND app = ? AND revoked IS NULL AND password = ?
ORDER BY id DESC LIMIT 50;

-- name: touch
UPDATE authorisation SET used = ? WHERE id = ?;

-- name: revoke
UPDATE authorisation SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING id;

-- name: revoke_own
UPDATE authorisation SET revoked = ?
WHERE account = ? AND app = (SELECT id FROM app WHERE client_id = ?) AND revoked IS NULL RETURNING id;

-- name: revoke_of_app
UPDATE authorisation SET revoked = ? WHERE app = ? AND revoked IS NULL RETURNING id;

-- name: session
SELECT created, used, expires, ended FROM session WHERE id = ?;

-- name: password
SELECT password FROM account WHERE id = ?;

-- name: roles
SELECT role FROM account_role WHERE account = ?;
