-- name: add_provider
INSERT INTO oidc_provider (name, body, secret, at, actor) VALUES (?, ?, ?, ?, ?);

-- name: providers
SELECT p.name, p.body, p.secret FROM oidc_provider p
WHERE p.id = (SELECT MAX(q.id) FROM oidc_provider q WHERE q.name = p.name) ORDER BY p.name;

-- name: provider
SELECT name, body, secret FROM oidc_provider WHERE name = ? ORDER BY id DESC LIMIT 1;

-- name: identity
SELECT account FROM oidc_identity WHERE issuer = ? AND subject = ? AND ended IS NULL;

-- name: identities
SELECT i.id, i.account, i.how, i.linked FROM oidc_identity i
WHERE i.issuer = ? AND i.ended IS NULL ORDER BY i.id;

-- name: add_identity
INSERT INTO oidc_identity (issuer, subject, account, how, linked) VALUES (?, ?, ?, ?, ?);

-- name: end_identity
UPDATE oidc_identity SET ended = ?, ender = ? WHERE id = ? AND issuer = ? AND ended IS NULL RETURNING account;

-- name: expect
INSERT INTO oidc_expected (provider, value, account, at, actor) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING RETURNING id;

-- name: expected
SELECT id, value, account FROM oidc_expected WHERE provider = ? AND ended IS NULL ORDER BY value;

-- name: take_expected
UPDATE oidc_expected SET ended = ? WHERE provider = ? AND value = ? AND ended IS NULL RETURNING account;

-- name: end_expected
UPDATE oidc_expected SET ended = ? WHERE id = ? AND provider = ? AND ended IS NULL;

-- name: spend
INSERT INTO oidc_spent (hash, expires) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING expires;

-- name: forget_spent
DELETE FROM oidc_spent WHERE expires < ?;

-- name: by_email
SELECT id FROM account WHERE kind = 'person' AND LOWER(email) = ? ORDER BY id LIMIT 2;

-- name: roles_of
SELECT role FROM account_role WHERE account = ?;
