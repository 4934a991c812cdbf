-- name: active
SELECT patient, MAX(closes) FROM glass WHERE account = ? AND closes > ? AND (ended IS NULL OR ended > ?) GROUP BY patient;

-- name: add
INSERT INTO glass (account, patient, reason, note, opened, closes) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id, account, patient, reason, note, opened, closes, ended, reviewed, reviewer, finding, remark;

-- name: end
UPDATE glass SET ended = ? WHERE account = ? AND patient = ? AND ended IS NULL AND closes > ? RETURNING id;

-- name: review
UPDATE glass SET reviewed = ?, reviewer = ?, finding = ?, remark = ? WHERE id = ? AND reviewed IS NULL
RETURNING id, account, patient, reason, note, opened, closes, ended, reviewed, reviewer, finding, remark;

-- name: by_id
SELECT id, account, patient, reason, note, opened, closes, ended, reviewed, reviewer, finding, remark
FROM glass WHERE id = ?;

-- name: waiting
SELECT id, account, patient, reason, note, opened, closes, ended, reviewed, reviewer, finding, remark
FROM glass WHERE reviewed IS NULL AND id < ? ORDER BY id DESC LIMIT ?;

-- name: reviewed
SELECT id, account, patient, reason, note, opened, closes, ended, reviewed, reviewer, finding, remark
FROM glass WHERE reviewed IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?;

-- name: open_for
SELECT id, account, patient, reason, note, opened, closes, ended, reviewed, reviewer, finding, remark
FROM glass WHERE account = ? AND patient = ? AND closes > ? AND (ended IS NULL OR ended > ?) ORDER BY closes DESC LIMIT 1;
