-- name: take_turn
-- One block at a time over all processes, until the commit. The number only has to be ours.
SELECT pg_advisory_xact_lock(7210031);

-- Whole columns at a time.
-- name: add_event
INSERT INTO audit_event (id, at, actor, client, session, interaction, outcome, type, query, request, purpose,
    address, resources, patients, mark)
SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
    ?::text[], ?::text[], ?::text[], ?::text[], ?::bytea[], ?::bytea[], ?::bytea[]);

-- name: add_patient
INSERT INTO audit_patient (patient, event) SELECT * FROM unnest(?::bigint[], ?::bigint[]);
