-- name: steps
SELECT id, kind, title, due, note, done FROM plan_step WHERE account = ?
ORDER BY done IS NOT NULL, due IS NULL, due, id;

-- name: count_steps
SELECT count(*) FROM plan_step WHERE account = ?;

-- name: add_step
INSERT INTO plan_step (account, kind, title, due, note, created) VALUES (?, ?, ?, ?, ?, ?);

-- name: finish
UPDATE plan_step SET done = ? WHERE id = ? AND account = ? RETURNING id;

-- name: drop_step
DELETE FROM plan_step WHERE id = ? AND account = ? RETURNING id;

-- name: credentials
SELECT name, begins, years, credits, rule FROM held_credential WHERE account = ? ORDER BY name;

-- name: hold
INSERT INTO held_credential (account, name, begins, years, credits, rule) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (account, name) DO UPDATE SET begins = excluded.begins, years = excluded.years,
    credits = excluded.credits, rule = excluded.rule;

-- name: drop_credential
DELETE FROM held_credential WHERE account = ? AND name = ? RETURNING name;

-- name: credits
SELECT id, credential, day, title, credits, media FROM ce_credit WHERE account = ? ORDER BY day DESC, id DESC;

-- name: count_credits
SELECT count(*) FROM ce_credit WHERE account = ?;

-- name: add_credit
INSERT INTO ce_credit (account, credential, day, title, credits, created, media, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_credit
DELETE FROM ce_credit WHERE id = ? AND account = ? RETURNING id;

-- name: certificate
SELECT media, file FROM ce_credit WHERE id = ? AND account = ?;

-- name: programmes
SELECT id, name, place, what, address, checked FROM programme WHERE removed IS NULL ORDER BY name, id;

-- name: add_programme
INSERT INTO programme (name, place, what, address, checked, writer, created) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: drop_programme
UPDATE programme SET removed = ? WHERE id = ? AND removed IS NULL RETURNING id;
