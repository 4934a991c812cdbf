-- name: add
INSERT INTO facility (name, reference, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id;

-- name: all_facilities
SELECT id, name, reference, closed FROM facility ORDER BY name;

-- name: by_id
SELECT id, name, reference, closed FROM facility WHERE id = ?;

-- name: change
UPDATE facility SET name = ?, reference = ? WHERE id = ?;

-- name: taken
SELECT id FROM facility WHERE (name = ? OR reference = ?) AND id <> ?;

-- name: close_
UPDATE facility SET closed = ? WHERE id = ? AND closed IS NULL RETURNING id;

-- name: of_account
SELECT f.id, f.name, f.reference, f.closed FROM works_at w JOIN facility f ON f.id = w.facility
WHERE w.account = ? AND w.ended IS NULL ORDER BY f.name;

-- name: workers
SELECT account, facility FROM works_at WHERE ended IS NULL;

-- name: ever
SELECT f.name, w.since, g.display, w.ended, e.display FROM works_at w JOIN facility f ON f.id = w.facility
LEFT JOIN account g ON g.id = w.giver LEFT JOIN account e ON e.id = w.ender
WHERE w.account = ? ORDER BY w.id DESC;

-- name: begin_
INSERT INTO works_at (account, facility, since, giver) VALUES (?, ?, ?, ?);

-- name: leave
UPDATE works_at SET ended = ?, ender = ? WHERE account = ? AND facility = ? AND ended IS NULL;
