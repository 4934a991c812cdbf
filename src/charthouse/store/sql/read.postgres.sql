-- name: head
SELECT r.key, r.version, r.updated, r.deleted, r.home, v.method, v.body
FROM resource r JOIN version v ON v.seq = r.seq AND v.home = r.home
WHERE r.type = ? AND r.id = ? AND r.version > 0;

-- name: one_version
SELECT r.key, v.version, v.updated, v.method, r.home, v.body
FROM resource r JOIN version v ON v.key = r.key AND v.home = r.home
WHERE r.type = ? AND r.id = ? AND v.version = ?;

-- name: heads
SELECT r.key, r.type, r.id, r.version, r.updated, r.deleted, r.home, v.method, v.body
FROM unnest(?::bigint[]) WITH ORDINALITY AS k (value, place)
JOIN resource r ON r.key = k.value JOIN version v ON v.seq = r.seq AND v.home = r.home
ORDER BY k.place;

-- One by one, whatever the planner thinks of a type it has not counted yet.
-- name: named
SELECT r.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM unnest(?::text[]) AS k (value)
CROSS JOIN LATERAL (SELECT * FROM resource x WHERE x.type = ? AND x.id = k.value OFFSET 0) r
JOIN version v ON v.seq = r.seq AND v.home = r.home
WHERE r.version > 0;

-- name: after
SELECT r.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM resource r JOIN version v ON v.seq = r.seq AND v.home = r.home
WHERE r.type = ? AND r.key > ? AND r.deleted = 0 AND r.version > 0 ORDER BY r.key LIMIT ?;

-- name: instance_history
SELECT v.seq, r.key, v.type, r.id, v.version, v.updated, v.method, r.home, v.body,
    (SELECT x.actor FROM txn x WHERE x.id = v.txn)
FROM resource r JOIN version v ON v.key = r.key AND v.home = r.home
WHERE r.type = ? AND r.id = ? AND v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (
        SELECT 1 FROM version n
        WHERE n.key = v.key AND n.home = v.home AND n.version = v.version + 1 AND n.updated <= ?
    )
ORDER BY v.seq DESC LIMIT ?;

-- name: count_instance
SELECT count(*) FROM resource r JOIN version v ON v.key = r.key AND v.home = r.home
WHERE r.type = ? AND r.id = ? AND v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (
        SELECT 1 FROM version n
        WHERE n.key = v.key AND n.home = v.home AND n.version = v.version + 1 AND n.updated <= ?
    );

-- name: listed_history
SELECT v.seq, r.key, v.type, r.id, v.version, v.updated, v.method, r.home, v.body,
    (SELECT x.actor FROM txn x WHERE x.id = v.txn)
FROM unnest(?::bigint[]) AS k (value) JOIN resource r ON r.key = k.value
JOIN version v ON v.key = r.key AND v.home = r.home
WHERE v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (
        SELECT 1 FROM version n
        WHERE n.key = v.key AND n.home = v.home AND n.version = v.version + 1 AND n.updated <= ?
    )
ORDER BY v.seq DESC LIMIT ?;
