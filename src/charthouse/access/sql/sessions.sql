-- name: add
INSERT INTO session (hash, account, created, used, expires, address, agent, mfa, factor_at, proved, must_enrol)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: by_hash
SELECT s.id, s.account, a.name, s.used, s.expires, s.ended, a.disabled,
    s.mfa, s.factor_at, s.proved, s.locked, s.must_enrol
FROM session s JOIN account a ON a.id = s.account WHERE s.hash = ?;

-- name: touch
UPDATE session SET used = ? WHERE id = ? AND used < ?;

-- name: lock
UPDATE session SET locked = ? WHERE id = ? AND ended IS NULL AND locked IS NULL RETURNING id;

-- name: reopen
UPDATE session SET locked = NULL, used = ?, proved = ? WHERE id = ? AND ended IS NULL AND expires > ? RETURNING id;

-- name: prove
UPDATE session SET proved = ? WHERE id = ? AND ended IS NULL;

-- name: raise_
UPDATE session SET mfa = 1, factor_at = ?, proved = ?, must_enrol = 0 WHERE id = ? AND ended IS NULL;

-- name: finish
UPDATE session SET ended = ? WHERE id = ? AND ended IS NULL RETURNING id;

-- name: finish_own
UPDATE session SET ended = ? WHERE id = ? AND account = ? AND ended IS NULL RETURNING id;

-- name: finish_of
UPDATE session SET ended = ? WHERE account = ? AND ended IS NULL AND id <> ? RETURNING id;

-- name: of_account
SELECT id, created, used, expires, ended, address, agent, locked, mfa FROM session
WHERE account = ? ORDER BY id DESC LIMIT 200;
