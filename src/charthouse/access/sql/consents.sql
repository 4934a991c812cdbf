-- name: position
-- How far the Consents have moved, how far the rules have followed, and the last version that was looked at.
SELECT (SELECT COALESCE(MAX(v.seq), 0) FROM version v WHERE v.type = ?), s.stamp, s.seq FROM consent_state s WHERE s.id = 1;

-- name: moved
SELECT key, seq FROM version WHERE type = ? AND seq > ? ORDER BY seq;

-- name: drop_codes
DELETE FROM consent_code WHERE rule IN (SELECT id FROM consent_rule WHERE consent = ?);

-- name: drop_data
DELETE FROM consent_data WHERE rule IN (SELECT id FROM consent_rule WHERE consent = ?);

-- name: drop_rules
DELETE FROM consent_rule WHERE consent = ?;

-- name: add_rule
INSERT INTO consent_rule (consent, patient, depth, permits, opens, closes, purposes, readers, types, has_labels,
    has_codes, has_data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: add_code
INSERT INTO consent_code (rule, is_label, code) VALUES (?, ?, ?);

-- name: add_data
INSERT INTO consent_data (rule, key) VALUES (?, ?);

-- name: advance
UPDATE consent_state SET stamp = ?, seq = ? WHERE id = 1;

-- name: key
SELECT key FROM resource WHERE type = ? AND id = ?;
