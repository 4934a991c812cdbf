-- name: take_turn
-- One block at a time; on SQLite the write lock sees to it.
SELECT 1;

-- name: head
SELECT id, last, hash FROM audit_block ORDER BY id DESC LIMIT 1;

-- name: add_event
INSERT INTO audit_event (id, at, actor, client, session, interaction, outcome, type, query, request, purpose,
    address, resources, patients, mark)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_patient
INSERT INTO audit_patient (patient, event) VALUES (?, ?);

-- name: add_block
INSERT INTO audit_block (id, first, last, at, hash) VALUES (?, ?, ?, ?, ?);
