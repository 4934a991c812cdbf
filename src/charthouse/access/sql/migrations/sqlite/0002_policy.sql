-- Policies as documents, consents as rows that a query can ask, and broken glass.

-- Every version of every policy that a clinic put in force; the newest of a name counts, NULL = withdrawn.
CREATE TABLE access_policy (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT,
    account INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) WITHOUT ROWID;

-- The rules of roles are documents now.
DROP TABLE role_grant;

INSERT INTO role (name, title) VALUES
    ('registrar', 'Registrar'),
    ('nurse', 'Nurse or medical assistant'),
    ('him-technician', 'HIM technician'),
    ('coder', 'Coder'),
    ('analyst', 'Analyst'),
    ('privacy-officer', 'Privacy officer'),
    ('implementer', 'Implementer'),
    ('instructor', 'Instructor'),
    ('learner', 'Learner');

-- The provisions of consents that are in force (Consent.provision), each with the conditions of those around it.
-- Follows from the Consent resources; lists are written |a|b|, NULL = whatever it is.
CREATE TABLE consent_rule (
    id INTEGER PRIMARY KEY,
    consent INTEGER NOT NULL,     -- key of the Consent
    patient INTEGER NOT NULL,     -- key of the patient
    depth INTEGER NOT NULL,       -- 0 = the consent itself; a deeper provision that applies decides
    permits INTEGER NOT NULL,     -- 1 = permit, 0 = deny
    opens INTEGER NOT NULL,       -- ms, from
    closes INTEGER NOT NULL,      -- ms, to before
    purposes TEXT,
    readers TEXT,              -- references and role codes
    types TEXT,                -- resource types
    has_labels INTEGER NOT NULL,  -- 1 = only data with a label in consent_code
    has_codes INTEGER NOT NULL,   -- 1 = only data with a content code in consent_code
    has_data INTEGER NOT NULL     -- 1 = only the resources in consent_data
);
CREATE INDEX consent_rule_of_patient ON consent_rule (patient, permits);
CREATE INDEX consent_rule_of_consent ON consent_rule (consent);

CREATE TABLE consent_code (
    rule INTEGER NOT NULL, is_label INTEGER NOT NULL, code TEXT NOT NULL, PRIMARY KEY (rule, is_label, code)
) WITHOUT ROWID;
CREATE TABLE consent_data (rule INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (rule, key)) WITHOUT ROWID;

-- How far the table above has followed the Consents.
CREATE TABLE consent_state (id INTEGER PRIMARY KEY CHECK (id = 1), stamp INTEGER NOT NULL, seq INTEGER NOT NULL);
INSERT INTO consent_state (id, stamp, seq) VALUES (1, 0, 0);

-- Emergency access: who, whose record, why, until when, and what the privacy officer found.
CREATE TABLE glass (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    patient INTEGER NOT NULL,     -- key
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    opened INTEGER NOT NULL,
    closes INTEGER NOT NULL,
    ended INTEGER,                -- given back before that
    reviewed INTEGER,
    reviewer INTEGER,
    finding TEXT,              -- justified, explained, incident
    remark TEXT
);
CREATE INDEX glass_of_account ON glass (account, closes);
CREATE INDEX glass_to_review ON glass (reviewed, opened);
