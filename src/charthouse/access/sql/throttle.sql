-- name: find
SELECT count, since FROM failed_sign_in WHERE kind = ? AND key = ?;

-- name: keep
INSERT INTO failed_sign_in (kind, key, count, since) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET count = excluded.count, since = excluded.since;

-- name: drop_
DELETE FROM failed_sign_in WHERE kind = ? AND key = ?;

-- name: forget
DELETE FROM failed_sign_in WHERE since < ?;
