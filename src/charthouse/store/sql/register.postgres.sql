-- Names and their numbers, many at a time. `place` says which of the names asked for a row is about. What is
-- added is answered, unless somebody else has just added it.

-- name: find_param
SELECT n.place, p.id FROM unnest(?::integer[], ?::text[]) WITH ORDINALITY AS n (type, code, place)
JOIN param p ON p.type = n.type AND p.code = n.code;

-- name: add_param
INSERT INTO param (type, code) SELECT * FROM unnest(?::integer[], ?::text[]) ON CONFLICT DO NOTHING
RETURNING id, type, code;

-- name: find_system
SELECT n.place, s.id FROM unnest(?::text[]) WITH ORDINALITY AS n (uri, place) JOIN system s ON s.uri = n.uri;

-- name: add_system
INSERT INTO system (uri) SELECT * FROM unnest(?::text[]) ON CONFLICT DO NOTHING RETURNING id, uri;

-- name: find_code
SELECT n.place, c.id FROM unnest(?::bigint[], ?::text[]) WITH ORDINALITY AS n (system, code, place)
JOIN code c ON c.code = n.code AND c.system = n.system;

-- name: add_code
INSERT INTO code (system, code) SELECT * FROM unnest(?::bigint[], ?::text[]) ON CONFLICT DO NOTHING
RETURNING id, system, code;

-- name: find_uri
SELECT n.place, u.id FROM unnest(?::text[]) WITH ORDINALITY AS n (text, place) JOIN uri u ON u.text = n.text;

-- name: add_uri
INSERT INTO uri (text) SELECT * FROM unnest(?::text[]) ON CONFLICT DO NOTHING RETURNING id, text;

-- name: find_key
SELECT n.place, r.key FROM unnest(?::integer[], ?::text[]) WITH ORDINALITY AS n (type, id, place)
JOIN resource r ON r.type = n.type AND r.id = n.id;

-- A row that nobody sees, for an id that is referred to and not here.
-- name: add_key
INSERT INTO resource (type, id, key, version, deleted, seq, updated, home)
SELECT n.type, n.id, n.key, 0, 0, 0, 0, 0
FROM unnest(?::integer[], ?::text[], ?::bigint[]) AS n (type, id, key)
ON CONFLICT DO NOTHING RETURNING key, type, id;
