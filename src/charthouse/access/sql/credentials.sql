-- name: add
INSERT INTO credential (account, title, number, issuer, valid_from, valid_until, entered, enterer)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: of_account
SELECT c.id, c.title, c.number, c.issuer, c.valid_from, c.valid_until, c.entered, g.display, c.ended, c.reason
FROM credential c LEFT JOIN account g ON g.id = c.enterer WHERE c.account = ? ORDER BY c.id DESC;

-- name: finish
UPDATE credential SET ended = ?, ender = ?, reason = ? WHERE id = ? AND account = ? AND ended IS NULL RETURNING id;
