-- Before a new record is given its types; one program at a time.
-- name: take_turn
SELECT 1;

-- name: types
SELECT id, name FROM type;

-- name: add_type
INSERT INTO type (id, name) VALUES (?, ?);

-- name: params
SELECT id, type, code FROM param;

-- name: add_param
INSERT INTO param (type, code) VALUES (?, ?) RETURNING id;

-- name: find_param
SELECT id FROM param WHERE type = ? AND code = ?;

-- name: find_system
SELECT id FROM system WHERE uri = ?;

-- name: add_system
INSERT INTO system (uri) VALUES (?) RETURNING id;

-- name: find_code
SELECT id FROM code WHERE code = ? AND system = ?;

-- name: add_code
INSERT INTO code (code, system) VALUES (?, ?) RETURNING id;

-- name: find_uri
SELECT id FROM uri WHERE text = ?;

-- name: add_uri
INSERT INTO uri (text) VALUES (?) RETURNING id;

-- name: dictionaries
SELECT id, data FROM dictionary ORDER BY id;

-- name: add_dictionary
INSERT INTO dictionary (id, data) VALUES (?, ?);
