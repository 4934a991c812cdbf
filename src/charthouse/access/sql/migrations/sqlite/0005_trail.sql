-- What the audit's questions need beside its own file: the writes found by person and patient (derived from `txn` and
-- `version`, proved against them by `charthouse check`), what is unusual and what became of it, exported checkpoints.
-- Times are milliseconds since 1970, days count from 1970 in the clinic's time zone.

CREATE TABLE trail_txn (
    place INTEGER PRIMARY KEY,   -- the order in which transactions were taken up
    txn INTEGER NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    first INTEGER NOT NULL,      -- its rows of `version` lie from `first` to `last`; 0 = it wrote none
    last INTEGER NOT NULL
);
CREATE INDEX trail_txn_at ON trail_txn (at, txn);
CREATE INDEX trail_txn_actor ON trail_txn (actor, at, txn);

CREATE TABLE trail_patient (
    patient INTEGER NOT NULL,
    at INTEGER NOT NULL,
    txn INTEGER NOT NULL,
    PRIMARY KEY (patient, at, txn)
) WITHOUT ROWID;

-- How far each reader of the audit has come.
CREATE TABLE trail_mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Whose charts each person opened on each day.
CREATE TABLE opened (
    actor INTEGER NOT NULL,
    day INTEGER NOT NULL,
    patient INTEGER NOT NULL,
    times INTEGER NOT NULL,
    odd INTEGER NOT NULL,        -- ... of them at an odd hour
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (actor, day, patient)
) WITHOUT ROWID;
CREATE TABLE opened_day (
    day INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    charts INTEGER NOT NULL,
    odd INTEGER NOT NULL,
    PRIMARY KEY (day, actor)
) WITHOUT ROWID;
CREATE INDEX opened_day_actor ON opened_day (actor, day);

-- Unusual access: one row for a person, a chart (0 = many) and a day.
CREATE TABLE unusual (
    id INTEGER PRIMARY KEY,
    actor INTEGER NOT NULL,
    patient INTEGER NOT NULL,
    day INTEGER NOT NULL,
    found INTEGER NOT NULL,
    times INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    reasons TEXT NOT NULL,       -- JSON: [{"code": ..., facts}]; no words about a person
    state TEXT NOT NULL CHECK (state IN ('new', 'review', 'explained', 'incident')),
    UNIQUE (actor, patient, day)
);
CREATE INDEX unusual_state ON unusual (state, last, id);
CREATE TABLE unusual_note (
    id INTEGER PRIMARY KEY,
    unusual INTEGER NOT NULL REFERENCES unusual (id),
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX unusual_note_of ON unusual_note (unusual, id);

-- What counts as unusual, where it is not as the program comes. Changes are added, the last one counts.
CREATE TABLE threshold (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL
);

-- Checkpoints that left this place; each is signed.
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT NOT NULL           -- the JSON that was written
);
