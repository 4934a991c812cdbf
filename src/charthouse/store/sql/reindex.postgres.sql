-- The versions of resources as they stand, and whose record they are in; nobody changes them until the commit.
-- name: current
SELECT r.key, r.version, r.home FROM resource r
WHERE r.key = ANY(?::bigint[]) AND r.version > 0 AND r.deleted = 0 ORDER BY r.key FOR UPDATE;

-- One process at a time, for as long as its connection stands.
-- name: hold
SELECT pg_try_advisory_lock(7210051);

-- The end of the transactions that have begun, and the oldest that goes on.
-- name: begun_by_now
SELECT pg_snapshot_xmax(pg_current_snapshot())::text, pg_snapshot_xmin(pg_current_snapshot())::text;

-- Nobody changes search parameters until the commit.
-- name: stop_changes
SELECT pg_advisory_xact_lock(?::bigint);

-- name: have_token
SELECT i.key, i.param, i.code, i.home FROM unnest(?::bigint[]) AS n (key) JOIN token_index i ON i.key = n.key;

-- name: have_reference
SELECT i.key, i.param, i.target, i.home FROM unnest(?::bigint[]) AS n (key) JOIN reference_index i ON i.key = n.key;

-- name: have_date
SELECT i.key, i.param, i.low, i.high, i.home FROM unnest(?::bigint[]) AS n (key) JOIN date_index i ON i.key = n.key;

-- name: have_string
SELECT i.key, i.param, i.text, i.exact, i.home FROM unnest(?::bigint[]) AS n (key) JOIN string_index i ON i.key = n.key;

-- name: have_number
SELECT i.key, i.param, i.low, i.high, i.home FROM unnest(?::bigint[]) AS n (key) JOIN number_index i ON i.key = n.key;

-- name: have_quantity
SELECT i.key, i.param, i.code, i.low, i.high, i.home FROM unnest(?::bigint[]) AS n (key) JOIN quantity_index i ON i.key = n.key;

-- name: have_uri
SELECT i.key, i.param, i.uri, i.home FROM unnest(?::bigint[]) AS n (key) JOIN uri_index i ON i.key = n.key;

-- name: remove_token
DELETE FROM token_index i USING unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[]) AS n (key, param, code, home)
WHERE i.key = n.key AND i.param = n.param AND i.code = n.code AND i.home = n.home;

-- name: remove_reference
DELETE FROM reference_index i USING unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[]) AS n (key, param, target, home)
WHERE i.key = n.key AND i.param = n.param AND i.target = n.target AND i.home = n.home;

-- name: remove_date
DELETE FROM date_index i USING unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[], ?::bigint[]) AS n (key, param, low, high, home)
WHERE i.key = n.key AND i.param = n.param AND i.low = n.low AND i.high = n.high AND i.home = n.home;

-- name: remove_string
DELETE FROM string_index i USING unnest(?::bigint[], ?::integer[], ?::text[], ?::text[], ?::bigint[]) AS n (key, param, text, exact, home)
WHERE i.key = n.key AND i.param = n.param AND i.text = n.text AND i.exact = n.exact AND i.home = n.home;

-- name: remove_number
DELETE FROM number_index i USING unnest(?::bigint[], ?::integer[], ?::double precision[], ?::double precision[], ?::bigint[]) AS n (key, param, low, high, home)
WHERE i.key = n.key AND i.param = n.param AND i.low = n.low AND i.high = n.high AND i.home = n.home;

-- name: remove_quantity
DELETE FROM quantity_index i USING unnest(?::bigint[], ?::integer[], ?::bigint[], ?::double precision[], ?::double precision[], ?::bigint[]) AS n (key, param, code, low, high, home)
WHERE i.key = n.key AND i.param = n.param AND i.code = n.code AND i.low = n.low AND i.high = n.high AND i.home = n.home;

-- name: remove_uri
DELETE FROM uri_index i USING unnest(?::bigint[], ?::integer[], ?::bigint[], ?::bigint[]) AS n (key, param, uri, home)
WHERE i.key = n.key AND i.param = n.param AND i.uri = n.uri AND i.home = n.home;
