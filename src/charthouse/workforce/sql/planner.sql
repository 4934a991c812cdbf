-- name: steps
SELECT id, kind, title, due, note, done FROM plan_step WHERE account = ? AND removed IS NULL
ORDER BY done IS NOT NULL, due IS NULL, due, id;

-- name: due_steps
SELECT id, kind, title, due, note, done FROM plan_step
WHERE account = ? AND removed IS NULL AND done IS NULL AND due <= ? ORDER BY due, id;

-- name: count_steps
SELECT count(*) FROM plan_step WHERE account = ?;

-- name: owns_step
SELECT id FROM plan_step WHERE id = ? AND account = ? AND removed IS NULL;

-- name: add_step
INSERT INTO plan_step (account, kind, title, due, note, created) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- name: change_step
UPDATE plan_step SET kind = ?, title = ?, due = ?, note = ? WHERE id = ? AND account = ? AND removed IS NULL
RETURNING id;

-- name: finish
UPDATE plan_step SET done = ? WHERE id = ? AND account = ? AND removed IS NULL RETURNING id;

-- name: drop_step
UPDATE plan_step SET removed = ? WHERE id = ? AND account = ? AND removed IS NULL RETURNING id;

-- name: restore_step
UPDATE plan_step SET removed = NULL WHERE id = ? AND account = ? AND removed IS NOT NULL RETURNING id;

-- name: documents
SELECT id, step, name, media FROM plan_document WHERE account = ? AND removed IS NULL ORDER BY id;

-- name: document
SELECT name, media, file FROM plan_document WHERE id = ? AND account = ? AND removed IS NULL
    AND step IN (SELECT id FROM plan_step WHERE removed IS NULL);

-- name: add_document
INSERT INTO plan_document (account, step, name, media, created, file) VALUES (?, ?, ?, ?, ?, ?);

-- name: drop_document
UPDATE plan_document SET removed = ? WHERE id = ? AND account = ? AND removed IS NULL RETURNING id;

-- name: restore_document
UPDATE plan_document SET removed = NULL WHERE id = ? AND account = ? AND removed IS NOT NULL RETURNING id;

-- name: credentials
SELECT name, begins, years, credits, rule, hours FROM held_credential
WHERE account = ? AND removed IS NULL ORDER BY name;

-- name: hold
INSERT INTO held_credential (account, name, begins, years, credits, rule, hours) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, name) DO UPDATE SET begins = excluded.begins, years = excluded.years,
    credits = excluded.credits, rule = excluded.rule, hours = excluded.hours, removed = NULL;

-- name: drop_credential
UPDATE held_credential SET removed = ? WHERE account = ? AND name = ? AND removed IS NULL RETURNING name;

-- name: restore_credential
UPDATE held_credential SET removed = NULL WHERE account = ? AND name = ? AND removed IS NOT NULL RETURNING name;

-- name: credits
SELECT id, credential, day, title, credits, hours, media FROM ce_credit
WHERE account = ? AND removed IS NULL ORDER BY day DESC, id DESC;

-- name: count_credits
SELECT count(*) FROM ce_credit WHERE account = ?;

-- name: add_credit
INSERT INTO ce_credit (account, credential, day, title, credits, hours, created, media, file)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: recount
UPDATE ce_credit SET credits = hours / ? WHERE account = ? AND credential = ? AND hours IS NOT NULL;

-- name: drop_credit
UPDATE ce_credit SET removed = ? WHERE id = ? AND account = ? AND removed IS NULL RETURNING id;

-- name: restore_credit
UPDATE ce_credit SET removed = NULL WHERE id = ? AND account = ? AND removed IS NOT NULL RETURNING id;

-- name: certificate
SELECT media, file FROM ce_credit WHERE id = ? AND account = ? AND removed IS NULL;

-- name: kept
-- Bytes of all files of a person, those that may still be put back included.
SELECT coalesce((SELECT sum(length(file)) FROM plan_document WHERE account = ?), 0)
     + coalesce((SELECT sum(length(file)) FROM ce_credit WHERE account = ?), 0);

-- name: forget_documents
DELETE FROM plan_document
WHERE removed < ? OR step IN (SELECT id FROM plan_step WHERE removed < ?);

-- name: forget_steps
DELETE FROM plan_step WHERE removed < ?;

-- name: forget_credits
DELETE FROM ce_credit WHERE removed < ?;

-- name: forget_credentials
DELETE FROM held_credential WHERE removed < ?;

-- name: programmes
SELECT id, name, place, what, address, checked FROM programme WHERE removed IS NULL ORDER BY name, id;

-- name: add_programme
INSERT INTO programme (name, place, what, address, checked, writer, created) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: change_programme
UPDATE programme SET name = ?, place = ?, what = ?, address = ?, checked = ?, writer = ?
WHERE id = ? AND removed IS NULL RETURNING id;

-- name: drop_programme
UPDATE programme SET removed = ? WHERE id = ? AND removed IS NULL RETURNING id;

-- name: restore_programme
UPDATE programme SET removed = NULL WHERE id = ? AND removed IS NOT NULL RETURNING id;
