-- name: totp_start
INSERT INTO totp (account, sealed, created) VALUES (?, ?, ?) RETURNING id;

-- name: totp_drop
UPDATE totp SET ended = ? WHERE account = ? AND confirmed IS NULL AND ended IS NULL;

-- name: totp_begun
SELECT id, sealed, step FROM totp WHERE account = ? AND confirmed IS NULL AND ended IS NULL ORDER BY id DESC;

-- name: totp_confirmed
SELECT id, sealed, step, created FROM totp WHERE account = ? AND confirmed IS NOT NULL AND ended IS NULL;

-- name: totp_confirm
UPDATE totp SET confirmed = ?, step = ? WHERE id = ? AND account = ? AND confirmed IS NULL AND ended IS NULL RETURNING id;

-- name: totp_use
UPDATE totp SET step = ? WHERE id = ? AND step < ? AND ended IS NULL RETURNING id;

-- name: totp_end
UPDATE totp SET ended = ? WHERE account = ? AND confirmed IS NOT NULL AND ended IS NULL RETURNING id;

-- name: passkey_add
INSERT INTO passkey (account, credential, public_key, counter, label, created) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (credential) DO NOTHING RETURNING id;

-- name: passkeys_of
SELECT id, credential, label, created, used FROM passkey WHERE account = ? AND ended IS NULL ORDER BY id;

-- name: passkey_find
SELECT p.id, p.account, p.public_key, p.counter, a.handle, a.disabled
FROM passkey p JOIN account a ON a.id = p.account WHERE p.credential = ? AND p.ended IS NULL;

-- name: passkey_use
UPDATE passkey SET counter = ?, used = ?
WHERE id = ? AND ended IS NULL AND (counter < ? OR (counter = 0 AND ? = 0)) RETURNING id;

-- name: passkey_end
UPDATE passkey SET ended = ? WHERE account = ? AND id = ? AND ended IS NULL RETURNING id;

-- name: passkeys_end
UPDATE passkey SET ended = ? WHERE account = ? AND ended IS NULL RETURNING id;

-- name: spend
INSERT INTO spent_challenge (hash, expires) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING RETURNING expires;

-- name: forget_spent
DELETE FROM spent_challenge WHERE expires < ?;

-- name: codes_end
UPDATE recovery_code SET ended = ? WHERE account = ? AND ended IS NULL;

-- name: code_add
INSERT INTO recovery_code (account, hash, created) VALUES (?, ?, ?);

-- name: code_use
UPDATE recovery_code SET used = ? WHERE account = ? AND hash = ? AND used IS NULL AND ended IS NULL RETURNING id;

-- name: codes_left
SELECT count(*) FROM recovery_code WHERE account = ? AND used IS NULL AND ended IS NULL;

-- name: needs
SELECT role FROM role_factor ORDER BY role;

-- name: need
INSERT INTO role_factor (role, since, giver) VALUES (?, ?, ?) ON CONFLICT (role) DO NOTHING;

-- name: need_not
DELETE FROM role_factor WHERE role = ?;

-- name: needed_by
SELECT n.role FROM role_factor n JOIN account_role r ON r.role = n.role WHERE r.account = ?;

-- name: with_factor
SELECT account FROM totp WHERE confirmed IS NOT NULL AND ended IS NULL
UNION SELECT account FROM passkey WHERE ended IS NULL;

-- name: equipped
SELECT account FROM totp WHERE account = ? AND confirmed IS NOT NULL AND ended IS NULL
UNION SELECT account FROM passkey WHERE account = ? AND ended IS NULL;

-- name: half_add
INSERT INTO half_open (hash, account, how, created, expires) VALUES (?, ?, ?, ?, ?);

-- name: half_find
SELECT h.id, h.account, h.how, h.expires, h.tries, a.disabled
FROM half_open h JOIN account a ON a.id = h.account WHERE h.hash = ? AND h.ended IS NULL;

-- name: half_try
UPDATE half_open SET tries = tries + 1 WHERE id = ? AND tries < ? AND ended IS NULL RETURNING tries;

-- name: half_end
UPDATE half_open SET ended = ? WHERE id = ? AND ended IS NULL AND expires > ? RETURNING account;

-- name: half_end_of
UPDATE half_open SET ended = ? WHERE account = ? AND ended IS NULL;

-- name: half_forget
DELETE FROM half_open WHERE expires < ?;
