-- name: quick_check
PRAGMA quick_check;

-- name: transactions
SELECT id, at, actor, client, interaction, purpose, request, entries, hash FROM txn WHERE id > ? ORDER BY id LIMIT ?;

-- name: versions
SELECT v.seq, v.txn, t.name, r.id, v.version, v.updated, v.method, v.body, v.key
FROM version v LEFT JOIN resource r ON r.key = v.key LEFT JOIN type t ON t.id = v.type
WHERE v.txn > ? AND v.txn <= ? ORDER BY v.txn, v.seq;

-- name: stray_versions
SELECT v.seq FROM version v LEFT JOIN txn t ON t.id = v.txn WHERE t.id IS NULL ORDER BY v.seq LIMIT 20;

-- name: wrong_heads
SELECT t.name, r.id FROM resource r JOIN type t ON t.id = r.type
LEFT JOIN version v ON v.seq = r.seq AND v.key = r.key AND v.version = r.version AND v.updated = r.updated
WHERE r.version > 0 AND (v.seq IS NULL OR (v.body IS NULL) <> (r.deleted = 1)
    OR EXISTS (SELECT 1 FROM version later WHERE later.key = r.key AND later.version > r.version))
LIMIT 20;

-- name: wrong_gaps
SELECT t.name, r.id FROM resource r JOIN type t ON t.id = r.type
WHERE r.version > 0 AND (SELECT count(*) FROM version v WHERE v.key = r.key) <> r.version LIMIT 20;

-- name: counted
SELECT t.name, count(*) FROM resource r JOIN type t ON t.id = r.type
WHERE r.version > 0 AND r.deleted = 0 GROUP BY t.name;

-- name: dangling
SELECT t.name, r.id, target_type.name, target.id
FROM resource target
JOIN type target_type ON target_type.id = target.type
JOIN reference_index i ON i.target = target.key
JOIN resource r ON r.key = i.key
JOIN type t ON t.id = r.type
WHERE (target.version = 0 OR target.deleted = 1) AND r.deleted = 0 AND r.version > 0
GROUP BY t.name, r.id, target_type.name, target.id
ORDER BY t.name, r.id LIMIT ?;

-- name: count_dangling
SELECT count(DISTINCT target.key) FROM resource target JOIN reference_index i ON i.target = target.key
WHERE target.version = 0 OR target.deleted = 1;

-- name: live_resources
SELECT r.key, t.name, r.id, v.body FROM resource r JOIN type t ON t.id = r.type JOIN version v ON v.seq = r.seq
WHERE r.version > 0 AND r.deleted = 0 AND r.key > ? ORDER BY r.key LIMIT ?;

-- name: stray_index
SELECT 'token', i.key FROM token_index i LEFT JOIN resource r ON r.key = i.key WHERE r.key IS NULL OR r.deleted = 1 OR r.version = 0
UNION ALL
SELECT 'reference', i.key FROM reference_index i LEFT JOIN resource r ON r.key = i.key WHERE r.key IS NULL OR r.deleted = 1 OR r.version = 0
UNION ALL
SELECT 'date', i.key FROM date_index i LEFT JOIN resource r ON r.key = i.key WHERE r.key IS NULL OR r.deleted = 1 OR r.version = 0
UNION ALL
SELECT 'string', i.key FROM string_index i LEFT JOIN resource r ON r.key = i.key WHERE r.key IS NULL OR r.deleted = 1 OR r.version = 0
LIMIT 20;

-- name: tokens_of
SELECT p.code, s.uri, c.code FROM token_index i JOIN param p ON p.id = i.param JOIN code c ON c.id = i.code
LEFT JOIN system s ON s.id = c.system WHERE i.key = ?;

-- name: references_of
SELECT p.code, t.name, coalesce(r.id, u.text) FROM reference_index i JOIN param p ON p.id = i.param
LEFT JOIN resource r ON r.key = i.target LEFT JOIN type t ON t.id = r.type LEFT JOIN uri u ON u.id = -i.target
WHERE i.key = ?;

-- name: dates_of
SELECT p.code, i.low, i.high FROM date_index i JOIN param p ON p.id = i.param WHERE i.key = ?;

-- name: strings_of
SELECT p.code, i.text, i.exact FROM string_index i JOIN param p ON p.id = i.param WHERE i.key = ?;

-- name: numbers_of
SELECT p.code, i.low, i.high FROM number_index i JOIN param p ON p.id = i.param WHERE i.key = ?;

-- name: quantities_of
SELECT p.code, s.uri, c.code, i.low, i.high FROM quantity_index i JOIN param p ON p.id = i.param
JOIN code c ON c.id = i.code LEFT JOIN system s ON s.id = c.system WHERE i.key = ?;

-- name: uris_of
SELECT p.code, u.text FROM uri_index i JOIN param p ON p.id = i.param JOIN uri u ON u.id = i.uri WHERE i.key = ?;
