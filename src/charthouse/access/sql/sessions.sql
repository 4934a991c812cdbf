-- name: add
INSERT INTO session (hash, account, created, used, expires, address, agent)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: by_hash
SELECT s.id, s.account, a.name, s.used, s.expires, s.ended, a.disabled
FROM session s JOIN account a ON a.id = s.account WHERE s.hash = ?;

-- name: roles_of
SELECT role FROM account_role WHERE account = ?;

-- name: touch
UPDATE session SET used = ? WHERE id = ? AND used < ?;

-- name: finish
UPDATE session SET ended = ? WHERE id = ? AND ended IS NULL RETURNING id;

-- name: finish_of
UPDATE session SET ended = ? WHERE account = ? AND ended IS NULL AND id <> ? RETURNING id;

-- name: of_account
SELECT id, created, used, expires, ended, address, agent FROM session WHERE account = ? ORDER BY id DESC;
