-- name: head
SELECT r.key, r.version, r.updated, r.deleted, r.home, v.method, v.body
FROM resource r JOIN version v ON v.seq = r.seq
WHERE r.type = ? AND r.id = ? AND r.version > 0;

-- name: one_version
SELECT r.key, v.version, v.updated, v.method, r.home, v.body
FROM resource r JOIN version v ON v.key = r.key
WHERE r.type = ? AND r.id = ? AND v.version = ?;

-- name: find
SELECT key, version, deleted FROM resource WHERE type = ? AND id = ? AND version > 0;

-- name: heads
SELECT r.key, r.type, r.id, r.version, r.updated, r.deleted, r.home, v.method, v.body
FROM json_each(?) k CROSS JOIN resource r ON r.key = k.value CROSS JOIN version v ON v.seq = r.seq
ORDER BY k.key;

-- name: instance_history
SELECT v.seq, r.key, v.type, r.id, v.version, v.updated, v.method, r.home, v.body,
    (SELECT x.actor FROM txn x WHERE x.id = v.txn)
FROM resource r JOIN version v ON v.key = r.key
WHERE r.type = ? AND r.id = ? AND v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (SELECT 1 FROM version n WHERE n.key = v.key AND n.version = v.version + 1 AND n.updated <= ?)
ORDER BY v.seq DESC LIMIT ?;

-- name: type_history
SELECT v.seq, r.key, v.type, r.id, v.version, v.updated, v.method, r.home, v.body,
    (SELECT x.actor FROM txn x WHERE x.id = v.txn)
FROM version v JOIN resource r ON r.key = v.key
WHERE v.type = ? AND v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (SELECT 1 FROM version n WHERE n.key = v.key AND n.version = v.version + 1 AND n.updated <= ?)
ORDER BY v.seq DESC LIMIT ?;

-- name: system_history
SELECT v.seq, r.key, v.type, r.id, v.version, v.updated, v.method, r.home, v.body,
    (SELECT x.actor FROM txn x WHERE x.id = v.txn)
FROM version v JOIN resource r ON r.key = v.key
WHERE v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (SELECT 1 FROM version n WHERE n.key = v.key AND n.version = v.version + 1 AND n.updated <= ?)
ORDER BY v.seq DESC LIMIT ?;

-- name: count_instance
SELECT count(*) FROM resource r JOIN version v ON v.key = r.key
WHERE r.type = ? AND r.id = ? AND v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (SELECT 1 FROM version n WHERE n.key = v.key AND n.version = v.version + 1 AND n.updated <= ?);

-- name: live
SELECT sum(live) FROM tally WHERE type = ?;

-- name: tallies
SELECT t.name, sum(y.live) FROM tally y JOIN type t ON t.id = y.type GROUP BY t.name HAVING sum(y.live) > 0 ORDER BY t.name;

-- name: last_seq
SELECT coalesce(max(seq), 0) FROM version;

-- name: named
SELECT r.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM json_each(?) k CROSS JOIN resource r ON r.type = ? AND r.id = k.value CROSS JOIN version v ON v.seq = r.seq
WHERE r.version > 0;

-- name: after
SELECT r.key, r.id, r.version, r.updated, r.home, v.method, v.body
FROM resource r JOIN version v ON v.seq = r.seq
WHERE r.type = ? AND r.key > ? AND r.deleted = 0 AND r.version > 0 ORDER BY r.key LIMIT ?;

-- What a resource names by one of its parameters, with the type of each, where it is here.
-- name: members
SELECT x.type, x.key FROM reference_index i JOIN param p ON p.id = i.param JOIN resource x ON x.key = i.target
WHERE i.key = ? AND p.code = ? ORDER BY x.key LIMIT ?;

-- name: listed_history
SELECT v.seq, r.key, v.type, r.id, v.version, v.updated, v.method, r.home, v.body,
    (SELECT x.actor FROM txn x WHERE x.id = v.txn)
FROM json_each(?) k CROSS JOIN resource r ON r.key = k.value CROSS JOIN version v ON v.key = r.key
WHERE v.seq < ? AND v.updated >= ? AND v.updated < ?
    AND NOT EXISTS (SELECT 1 FROM version n WHERE n.key = v.key AND n.version = v.version + 1 AND n.updated <= ?)
ORDER BY v.seq DESC LIMIT ?;
