-- name: mark
SELECT value FROM trail_mark WHERE name = ?;

-- name: begin_mark
INSERT INTO trail_mark (name, value) VALUES (?, 0) ON CONFLICT (name) DO NOTHING;

-- Only who saw the mark where it stands may move it on.
-- name: move_mark
UPDATE trail_mark SET value = ? WHERE name = ? AND value = ? RETURNING value;

-- name: opened
SELECT times, odd, first, last FROM opened WHERE actor = ? AND day = ? AND patient = ?;

-- name: put_opened
INSERT INTO opened (actor, day, patient, times, odd, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (actor, day, patient)
DO UPDATE SET times = excluded.times, odd = excluded.odd, first = excluded.first, last = excluded.last;

-- name: day
SELECT charts, odd FROM opened_day WHERE actor = ? AND day = ?;

-- name: put_day
INSERT INTO opened_day (day, actor, charts, odd) VALUES (?, ?, ?, ?)
ON CONFLICT (day, actor) DO UPDATE SET charts = excluded.charts, odd = excluded.odd;

-- name: own_days
SELECT charts FROM opened_day WHERE actor = ? AND day >= ? AND day < ? ORDER BY charts;

-- name: odd_days
SELECT count(*) FROM opened_day WHERE actor = ? AND day >= ? AND day < ? AND odd > 0;

-- name: peer_days
SELECT charts FROM opened_day WHERE day >= ? AND day < ? AND actor <> ? ORDER BY charts;

-- name: found
SELECT id, reasons, state FROM unusual WHERE actor = ? AND patient = ? AND day = ?;

-- name: add
INSERT INTO unusual (actor, patient, day, found, times, first, last, reasons, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'new') RETURNING id;

-- name: renew
UPDATE unusual SET times = ?, first = ?, last = ?, reasons = ?, state = ? WHERE id = ?;

-- name: counts
SELECT state, count(*) FROM unusual GROUP BY state;

-- name: queue
SELECT id, actor, patient, day, found, times, first, last, reasons, state FROM unusual
WHERE state = ? AND last <= ? AND (last < ? OR id < ?) ORDER BY last DESC, id DESC LIMIT ?;

-- name: one
SELECT id, actor, patient, day, found, times, first, last, reasons, state FROM unusual WHERE id = ?;

-- name: notes
SELECT at, actor, state, note FROM unusual_note WHERE unusual = ? ORDER BY id;

-- name: set_state
UPDATE unusual SET state = ? WHERE id = ? RETURNING id;

-- name: add_note
INSERT INTO unusual_note (unusual, at, actor, state, note) VALUES (?, ?, ?, ?, ?);

-- name: thresholds
SELECT name, value, at, actor FROM threshold ORDER BY id;

-- name: add_threshold
INSERT INTO threshold (name, value, at, actor) VALUES (?, ?, ?, ?);
