-- The read audit: what was asked and seen, by whom, in blocks that are chained.

CREATE TABLE audit_event (
    id INTEGER PRIMARY KEY,      -- without gaps
    at INTEGER NOT NULL,         -- milliseconds since 1970
    actor INTEGER NOT NULL,      -- account key
    client TEXT NOT NULL,
    session TEXT NOT NULL,       -- session:N or token:N
    interaction TEXT NOT NULL,
    outcome TEXT NOT NULL,       -- ok, or the category of the failure
    type TEXT NOT NULL,
    query TEXT NOT NULL,         -- what was asked, as sent
    request TEXT NOT NULL,       -- request id
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,
    resources BLOB NOT NULL,     -- packed (key, version) pairs
    patients BLOB NOT NULL,      -- packed keys
    mark BLOB NOT NULL           -- keyed digest of the row, to name the one that was altered
);
CREATE INDEX audit_event_actor ON audit_event (actor, id);

-- Who touched which chart; everything here follows from audit_event.patients, and is checked against it.
CREATE TABLE audit_patient (
    patient INTEGER NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (patient, event)
) WITHOUT ROWID;

-- A block for each group commit: its hash covers the one before and every row of its events.
CREATE TABLE audit_block (
    id INTEGER PRIMARY KEY,      -- without gaps
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL
);
