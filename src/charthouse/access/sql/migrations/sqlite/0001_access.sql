-- Who may come in: accounts with roles, what the roles open, sign-ins, tokens, and the clinic's own secrets.
-- Secrets that somebody presents (session, token, link) are kept as SHA-256 only. Times are milliseconds since 1970.

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'client')),
    name TEXT NOT NULL,        -- what they sign in with; lower case
    display TEXT NOT NULL,     -- how the screens call them
    password TEXT,             -- Argon2id; NULL until the person has chosen one
    created INTEGER NOT NULL,
    disabled INTEGER,          -- since when; accounts are never deleted, the audit refers to them
    UNIQUE (kind, name)
);

CREATE TABLE role (name TEXT PRIMARY KEY, title TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE account_role (
    account INTEGER NOT NULL REFERENCES account (id),
    role TEXT NOT NULL REFERENCES role (name),
    PRIMARY KEY (account, role)
) WITHOUT ROWID;

-- What a role may do. Shut unless a row allows it; a row that denies beats every row that allows.
CREATE TABLE role_grant (
    role TEXT NOT NULL REFERENCES role (name),
    effect TEXT NOT NULL CHECK (effect IN ('allow', 'deny')),
    type TEXT NOT NULL,          -- a resource type, * = every one
    interactions TEXT NOT NULL,  -- words with blanks between, * = every one
    PRIMARY KEY (role, effect, type)
) WITHOUT ROWID;

CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,       -- last use, to about a minute
    expires INTEGER NOT NULL,    -- the absolute limit
    ended INTEGER,               -- signed out or revoked
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX session_of_account ON session (account, id);

CREATE TABLE token (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    client TEXT NOT NULL,        -- the program that uses it
    scopes TEXT NOT NULL,        -- SMART v2, with blanks between
    purpose TEXT NOT NULL,
    patient INTEGER,             -- the key that patient/ scopes are about
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER
);
CREATE INDEX token_of_account ON token (account, id);

CREATE TABLE sign_in_link (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER
);

-- Moves whenever somebody loses or gains access, so that caches notice.
CREATE TABLE access_state (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL);

-- Random keys for signing cursors, form tokens and audit marks.
CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;

INSERT INTO access_state (id, generation) VALUES (1, 1);

INSERT INTO role (name, title) VALUES
    ('administrator', 'Administrator'),
    ('clinician', 'Clinician'),
    ('biller', 'Biller'),      -- opens nothing until its rules are written
    ('patient', 'Patient');    -- opens nothing until its rules are written

-- Clinicians write clinical and administrative records; what steers the system itself they only read, and
-- they mark a record as entered in error where others would delete it.
INSERT INTO role_grant (role, effect, type, interactions) VALUES
    ('administrator', 'allow', '*', '*'),
    ('administrator', 'deny', 'AuditEvent', 'create update patch delete'),
    ('clinician', 'allow', '*', 'read vread history search history-type print create update patch'),
    ('clinician', 'deny', 'AuditEvent', 'create update patch'),
    ('clinician', 'deny', 'CapabilityStatement', 'create update patch'),
    ('clinician', 'deny', 'CodeSystem', 'create update patch'),
    ('clinician', 'deny', 'CompartmentDefinition', 'create update patch'),
    ('clinician', 'deny', 'ConceptMap', 'create update patch'),
    ('clinician', 'deny', 'GraphDefinition', 'create update patch'),
    ('clinician', 'deny', 'ImplementationGuide', 'create update patch'),
    ('clinician', 'deny', 'MessageDefinition', 'create update patch'),
    ('clinician', 'deny', 'NamingSystem', 'create update patch'),
    ('clinician', 'deny', 'OperationDefinition', 'create update patch'),
    ('clinician', 'deny', 'SearchParameter', 'create update patch'),
    ('clinician', 'deny', 'StructureDefinition', 'create update patch'),
    ('clinician', 'deny', 'StructureMap', 'create update patch'),
    ('clinician', 'deny', 'Subscription', 'create update patch'),
    ('clinician', 'deny', 'TerminologyCapabilities', 'create update patch'),
    ('clinician', 'deny', 'TestScript', 'create update patch'),
    ('clinician', 'deny', 'ValueSet', 'create update patch');
