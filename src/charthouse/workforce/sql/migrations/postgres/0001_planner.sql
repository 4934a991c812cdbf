-- Steps that people plan for themselves, their continuing education, and the clinic's directory of programmes.
-- Times are milliseconds since 1970, days are ISO dates.

CREATE TABLE plan_step (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL CHECK (kind IN ('education', 'training', 'experience', 'exam', 'continuing', 'other')),
    title TEXT NOT NULL,
    due TEXT,
    note TEXT NOT NULL,
    created BIGINT NOT NULL,
    done BIGINT                -- since when; NULL = still to do
);
CREATE INDEX plan_step_account ON plan_step (account, due);

CREATE TABLE held_credential (
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    begins TEXT NOT NULL,      -- first day of the present period
    years INTEGER NOT NULL,    -- length of a period
    credits DOUBLE PRECISION NOT NULL,     -- wanted in a period
    rule TEXT NOT NULL,        -- what the person noted about the rule, and where it is from
    PRIMARY KEY (account, name)
);

CREATE TABLE ce_credit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    credential TEXT NOT NULL,
    day TEXT NOT NULL,
    title TEXT NOT NULL,
    credits DOUBLE PRECISION NOT NULL,
    created BIGINT NOT NULL,
    media TEXT,                -- type of the certificate that was uploaded, with its bytes
    file BYTEA
);
CREATE INDEX ce_credit_account ON ce_credit (account, credential, day);

CREATE TABLE programme (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    what TEXT NOT NULL,
    address TEXT NOT NULL,
    checked TEXT NOT NULL,     -- the day on which somebody looked
    writer BIGINT NOT NULL REFERENCES account (id),
    created BIGINT NOT NULL,
    removed BIGINT
);
