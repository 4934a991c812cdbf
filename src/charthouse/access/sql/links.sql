-- name: add
INSERT INTO sign_in_link (hash, account, created, expires, kind) VALUES (?, ?, ?, ?, ?);

-- name: redeem
UPDATE sign_in_link SET used = ?
WHERE hash = ? AND kind = ? AND used IS NULL AND expires > ?
    AND EXISTS (SELECT 1 FROM account a WHERE a.id = sign_in_link.account AND a.disabled IS NULL)
RETURNING account;

-- name: find
SELECT l.account FROM sign_in_link l JOIN account a ON a.id = l.account
WHERE l.hash = ? AND l.kind = ? AND l.used IS NULL AND l.expires > ? AND a.disabled IS NULL;

-- name: recall
UPDATE sign_in_link SET used = ? WHERE account = ? AND kind = ? AND used IS NULL;

-- name: waiting
SELECT account, max(expires) FROM sign_in_link WHERE kind = 'invite' AND used IS NULL AND expires > ? GROUP BY account;
