-- Documents of steps; contact hours that make a credit; what is taken out can be put back for a while (`removed`).

ALTER TABLE plan_step ADD COLUMN removed INTEGER;
ALTER TABLE ce_credit ADD COLUMN removed INTEGER;
ALTER TABLE ce_credit ADD COLUMN hours REAL;           -- contact hours, where those were entered; NULL = credits were
ALTER TABLE held_credential ADD COLUMN removed INTEGER;
ALTER TABLE held_credential ADD COLUMN hours REAL NOT NULL DEFAULT 1;  -- contact hours that make one credit

CREATE TABLE plan_document (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    step INTEGER NOT NULL REFERENCES plan_step (id),
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    created INTEGER NOT NULL,
    removed INTEGER,
    file BLOB NOT NULL
);
CREATE INDEX plan_document_account ON plan_document (account, step);
CREATE INDEX plan_document_step ON plan_document (step);
