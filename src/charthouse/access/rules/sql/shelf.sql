-- name: newest
SELECT p.name, p.version, p.document, p.account, p.at FROM access_policy p
WHERE p.version = (SELECT MAX(n.version) FROM access_policy n WHERE n.name = p.name) ORDER BY p.name;

-- name: versions
SELECT version, document, account, at FROM access_policy WHERE name = ? ORDER BY version DESC;

-- name: add
INSERT INTO access_policy (name, version, document, account, at)
VALUES (?, (SELECT COALESCE(MAX(version), 0) + 1 FROM access_policy WHERE name = ?), ?, ?, ?);
