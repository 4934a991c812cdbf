-- name: add
INSERT INTO token (hash, account, client, scopes, purpose, patient, created, expires, app, authorisation)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: by_hash
-- A token of a program ends with the program, with what its person allowed, and where that hangs on it with the sign-in.
SELECT t.id, t.account, a.name, t.client, t.scopes, t.purpose, t.patient, t.expires,
    t.revoked, a.disabled, g.revoked, s.ended,
    CASE WHEN t.app IS NOT NULL AND (p.status IS NULL OR p.status <> 'approved') THEN 1 END,
    a.password, g.password, s.expires
FROM token t JOIN account a ON a.id = t.account
LEFT JOIN app p ON p.id = t.app
LEFT JOIN authorisation g ON g.id = t.authorisation
LEFT JOIN session s ON s.id = g.session
WHERE t.hash = ?;

-- name: revoke
UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING id;

-- name: revoke_of
UPDATE token SET revoked = ? WHERE account = ? AND revoked IS NULL RETURNING id;

-- name: revoke_authorisations
UPDATE authorisation SET revoked = ? WHERE account = ? AND revoked IS NULL;

-- name: of_account
SELECT id, client, scopes, created, expires, revoked FROM token WHERE account = ? ORDER BY id DESC;
