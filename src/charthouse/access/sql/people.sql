-- name: add
INSERT INTO account (kind, name, display, created) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, name) DO NOTHING RETURNING id;

-- name: by_name
SELECT id, kind, name, display, password IS NOT NULL, disabled FROM account WHERE kind = ? AND name = ?;

-- name: by_id
SELECT id, kind, name, display, password IS NOT NULL, disabled FROM account WHERE id = ?;

-- name: all_accounts
SELECT id, kind, name, display, password IS NOT NULL, disabled FROM account ORDER BY kind DESC, name;

-- name: roles_of
SELECT role FROM account_role WHERE account = ? ORDER BY role;

-- name: role_names
SELECT name, title FROM role ORDER BY title;

-- name: drop_roles
DELETE FROM account_role WHERE account = ?;

-- name: add_role
INSERT INTO account_role (account, role) VALUES (?, ?);

-- name: set_disabled
UPDATE account SET disabled = ? WHERE id = ?;

-- name: set_password
UPDATE account SET password = ? WHERE id = ?;

-- name: password
SELECT password FROM account WHERE id = ?;
