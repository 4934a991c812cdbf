-- name: add
INSERT INTO sign_in_link (hash, account, created, expires) VALUES (?, ?, ?, ?);

-- name: redeem
UPDATE sign_in_link SET used = ?
WHERE hash = ? AND used IS NULL AND expires > ?
    AND EXISTS (SELECT 1 FROM account a WHERE a.id = sign_in_link.account AND a.disabled IS NULL)
RETURNING account;
