-- name: hold
-- On SQLite a lock on the folder sees to it.
SELECT ? IS NOT NULL;

-- name: add
INSERT INTO import_mark (run, unit, found, created, versions, equal, refused) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: all_of_run
SELECT unit, found, created, versions, equal, refused FROM import_mark WHERE run = ?;

-- name: clear
DELETE FROM import_mark WHERE run = ?;
