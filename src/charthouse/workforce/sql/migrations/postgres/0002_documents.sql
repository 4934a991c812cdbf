-- Documents of steps; contact hours that make a credit; what is taken out can be put back for a while (`removed`).

ALTER TABLE plan_step ADD COLUMN removed BIGINT;
ALTER TABLE ce_credit ADD COLUMN removed BIGINT;
ALTER TABLE ce_credit ADD COLUMN hours DOUBLE PRECISION; -- contact hours, where those were entered; NULL = credits were
ALTER TABLE held_credential ADD COLUMN removed BIGINT;
ALTER TABLE held_credential ADD COLUMN hours DOUBLE PRECISION NOT NULL DEFAULT 1;  -- contact hours that make one credit

CREATE TABLE plan_document (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    step BIGINT NOT NULL REFERENCES plan_step (id),
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    created BIGINT NOT NULL,
    removed BIGINT,
    file BYTEA NOT NULL
);
CREATE INDEX plan_document_account ON plan_document (account, step);
CREATE INDEX plan_document_step ON plan_document (step);
