-- name: add
INSERT INTO app (client_id, account, kind, name, about, secret, keys, keys_address, redirects, launch_address, contacts,
    grants, asked, allowed, status, created)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?);

-- name: by_client_id
SELECT id, client_id, account, kind, name, about, secret, keys, keys_address, redirects, launch_address, contacts,
    grants, asked, allowed, inspects, status, created FROM app WHERE client_id = ?;

-- name: all_apps
SELECT id, client_id, account, kind, name, about, secret, keys, keys_address, redirects, launch_address, contacts,
    grants, asked, allowed, inspects, status, created FROM app ORDER BY lower(name), id;

-- name: pending
SELECT count(*) FROM app WHERE status = 'pending';

-- name: decide
UPDATE app SET status = ?, allowed = ?, inspects = ?, decided = ?, decider = ?
WHERE id = ? RETURNING status;

-- name: set_secret
UPDATE app SET secret = ? WHERE id = ? AND kind = 'secret';

-- name: addresses
SELECT redirects, launch_address FROM app WHERE status = 'approved';
