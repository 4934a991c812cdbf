-- Steps that people plan for themselves, their continuing education, and the clinic's directory of programmes.
-- Times are milliseconds since 1970, days are ISO dates.

CREATE TABLE plan_step (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL CHECK (kind IN ('education', 'training', 'experience', 'exam', 'continuing', 'other')),
    title TEXT NOT NULL,
    due TEXT,
    note TEXT NOT NULL,
    created INTEGER NOT NULL,
    done INTEGER               -- since when; NULL = still to do
);
CREATE INDEX plan_step_account ON plan_step (account, due);

CREATE TABLE held_credential (
    account INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    begins TEXT NOT NULL,      -- first day of the present period
    years INTEGER NOT NULL,    -- length of a period
    credits REAL NOT NULL,     -- wanted in a period
    rule TEXT NOT NULL,        -- what the person noted about the rule, and where it is from
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

CREATE TABLE ce_credit (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    credential TEXT NOT NULL,
    day TEXT NOT NULL,
    title TEXT NOT NULL,
    credits REAL NOT NULL,
    created INTEGER NOT NULL,
    media TEXT,                -- type of the certificate that was uploaded, with its bytes
    file BLOB
);
CREATE INDEX ce_credit_account ON ce_credit (account, credential, day);

CREATE TABLE programme (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    what TEXT NOT NULL,
    address TEXT NOT NULL,
    checked TEXT NOT NULL,     -- the day on which somebody looked
    writer INTEGER NOT NULL REFERENCES account (id),
    created INTEGER NOT NULL,
    removed INTEGER
);
