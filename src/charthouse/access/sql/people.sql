-- name: add
INSERT INTO account (kind, name, display, created) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, name) DO NOTHING RETURNING id;

-- name: by_name
SELECT id, kind, name, display, password IS NOT NULL, disabled, email, practitioner, patient
FROM account WHERE kind = ? AND name = ?;

-- name: by_id
SELECT id, kind, name, display, password IS NOT NULL, disabled, email, practitioner, patient
FROM account WHERE id = ?;

-- name: all_accounts
SELECT id, kind, name, display, password IS NOT NULL, disabled, email, practitioner, patient
FROM account ORDER BY kind DESC, name;

-- name: all_roles
SELECT account, role FROM account_role;

-- name: roles_of
SELECT role FROM account_role WHERE account = ? ORDER BY role;

-- name: role_names
SELECT name, title FROM role ORDER BY title;

-- name: roles_ever
SELECT h.role, h.since, g.display, h.ended, e.display FROM role_held h
LEFT JOIN account g ON g.id = h.giver LEFT JOIN account e ON e.id = h.ender
WHERE h.account = ? ORDER BY h.id DESC;

-- name: end_role
UPDATE role_held SET ended = ?, ender = ? WHERE account = ? AND role = ? AND ended IS NULL;

-- name: add_role
INSERT INTO role_held (account, role, since, giver) VALUES (?, ?, ?, ?);

-- name: holders
SELECT a.id FROM account a JOIN account_role r ON r.account = a.id
WHERE r.role = ? AND a.kind = 'person' AND a.disabled IS NULL ORDER BY a.id;

-- name: set_disabled
UPDATE account SET disabled = ? WHERE id = ?;

-- name: describe
UPDATE account SET display = ?, email = ? WHERE id = ?;

-- name: link
UPDATE account SET practitioner = ?, patient = ? WHERE id = ?;

-- name: set_password
UPDATE account SET password = ? WHERE id = ?;

-- name: password
SELECT password FROM account WHERE id = ?;

-- name: handle
SELECT handle FROM account WHERE id = ?;

-- name: set_handle
UPDATE account SET handle = ? WHERE id = ? AND handle IS NULL;
