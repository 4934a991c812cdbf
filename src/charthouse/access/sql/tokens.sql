-- name: add
INSERT INTO token (hash, account, client, scopes, purpose, patient, created, expires)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: by_hash
SELECT t.id, t.account, a.name, t.client, t.scopes, t.purpose, t.patient, t.expires, t.revoked, a.disabled
FROM token t JOIN account a ON a.id = t.account WHERE t.hash = ?;

-- name: roles_of
SELECT role FROM account_role WHERE account = ?;

-- name: revoke
UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING id;

-- name: revoke_of
UPDATE token SET revoked = ? WHERE account = ? AND revoked IS NULL RETURNING id;

-- name: of_account
SELECT id, client, scopes, created, expires, revoked FROM token WHERE account = ? ORDER BY id DESC;
