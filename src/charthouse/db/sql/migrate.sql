-- One program at a time; on SQLite the write lock sees to it.
-- name: take_turn
SELECT 1;

-- name: create_table
CREATE TABLE IF NOT EXISTS migration (
    owner TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    applied BIGINT NOT NULL,
    PRIMARY KEY (owner, number)
);

-- name: list_applied
SELECT owner, number FROM migration;

-- name: mark
INSERT INTO migration (owner, number, name, applied) VALUES (?, ?, ?, ?);

-- name: is_made
SELECT count(*) FROM sqlite_master WHERE name = 'migration';
