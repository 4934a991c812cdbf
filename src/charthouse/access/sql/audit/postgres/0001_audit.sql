-- The read audit: what was asked and seen, by whom, in blocks that are chained.

CREATE TABLE audit_event (
    id BIGINT PRIMARY KEY,      -- without gaps
    at BIGINT NOT NULL,         -- milliseconds since 1970
    actor BIGINT NOT NULL,      -- account key
    client TEXT NOT NULL,
    session TEXT NOT NULL,       -- session:N or token:N
    interaction TEXT NOT NULL,
    outcome TEXT NOT NULL,       -- ok, or the category of the failure
    type TEXT NOT NULL,
    query TEXT NOT NULL,         -- what was asked, as sent
    request TEXT NOT NULL,       -- request id
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,
    resources BYTEA NOT NULL,     -- packed (key, version) pairs
    patients BYTEA NOT NULL,      -- packed keys
    mark BYTEA NOT NULL           -- keyed digest of the row, to name the one that was altered
);
CREATE INDEX audit_event_actor ON audit_event (actor, id);

-- Who touched which chart; everything here follows from audit_event.patients, and is checked against it.
CREATE TABLE audit_patient (
    patient BIGINT NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (patient, event)
);

-- A block for each group commit: its hash covers the one before and every row of its events.
CREATE TABLE audit_block (
    id BIGINT PRIMARY KEY,      -- without gaps
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
