-- name: accounts
SELECT id, kind, name, display, practitioner, patient FROM account
WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb));

-- name: resources
SELECT r.key, t.name, r.id FROM resource r JOIN type t ON t.id = r.type
WHERE r.key IN (SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb));
