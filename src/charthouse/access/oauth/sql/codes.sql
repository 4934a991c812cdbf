-- name: add
INSERT INTO authorisation_code (hash, authorisation, redirect, challenge, expires) VALUES (?, ?, ?, ?, ?);

-- name: take
UPDATE authorisation_code SET used = ? WHERE hash = ? AND used IS NULL
RETURNING authorisation, redirect, challenge, expires;

-- name: seen
SELECT authorisation FROM authorisation_code WHERE hash = ?;

-- name: add_launch
INSERT INTO launch (hash, app, session, patient_id, encounter_id, expires) VALUES (?, ?, ?, ?, ?, ?);

-- name: launch
SELECT id, patient_id, encounter_id FROM launch
WHERE hash = ? AND app = ? AND session = ? AND expires > ? AND used IS NULL;

-- name: use_launch
UPDATE launch SET used = ? WHERE id = ? AND used IS NULL RETURNING id;

-- name: forget_launches
DELETE FROM launch WHERE expires < ?;

-- name: add_refresh
INSERT INTO refresh_token (hash, authorisation, created, expires) VALUES (?, ?, ?, ?);

-- name: take_refresh
UPDATE refresh_token SET used = ? WHERE id = ? AND used IS NULL RETURNING id;

-- name: refresh
SELECT id, authorisation, expires, used FROM refresh_token WHERE hash = ?;

-- name: forget_assertions
DELETE FROM assertion_seen WHERE expires < ?;

-- name: add_assertion
INSERT INTO assertion_seen (app, hash, expires) VALUES (?, ?, ?) ON CONFLICT (app, hash) DO NOTHING RETURNING app;

-- name: token
SELECT id, app, authorisation, account, scopes, expires FROM token WHERE hash = ?;

-- name: token_app
SELECT p.client_id FROM app p WHERE p.id = ?;

-- name: forget_tokens
-- The last row stays, so that no number is given out twice: the audit names tokens by it.
DELETE FROM token WHERE account = ? AND app IS NOT NULL AND authorisation IS NULL AND expires < ?
    AND id < (SELECT max(id) FROM token);
