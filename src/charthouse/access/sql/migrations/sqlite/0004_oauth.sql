-- Programs that people and machines let in by OAuth 2 (SMART App Launch): who they are, what they were granted.
-- Secrets that somebody presents (secret, launch, code, refresh token) are kept as SHA-256 only. Times are ms since 1970.

CREATE TABLE app (
    id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),  -- for what the program does in its own name
    kind TEXT NOT NULL CHECK (kind IN ('public', 'secret', 'key')),
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    secret BLOB,                 -- kind secret
    keys TEXT,                   -- kind key: a JWK set, or the address of one
    keys_address TEXT,
    redirects TEXT NOT NULL,     -- addresses with blanks between, compared letter by letter
    launch_address TEXT,
    contacts TEXT NOT NULL,
    grants TEXT NOT NULL,        -- grant types with blanks between
    asked TEXT NOT NULL,         -- scopes it registered for, with blanks between
    allowed TEXT NOT NULL,       -- scopes it may be given, with blanks between
    inspects INTEGER NOT NULL DEFAULT 0,  -- a resource server: may ask about tokens of others
    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'refused', 'disabled')),
    created INTEGER NOT NULL,
    decided INTEGER,
    decider INTEGER REFERENCES account (id)
);
CREATE INDEX app_by_status ON app (status, name);

-- What one person let one program do. Ending it ends every code and token that came of it.
CREATE TABLE authorisation (
    id INTEGER PRIMARY KEY,
    app INTEGER NOT NULL REFERENCES app (id),
    account INTEGER NOT NULL REFERENCES account (id),
    session INTEGER REFERENCES session (id),  -- it ends with this sign-in; NULL = offline access
    scopes TEXT NOT NULL,        -- with blanks between
    patient INTEGER,             -- the key of the patient in context
    patient_id TEXT,
    encounter_id TEXT,
    nonce TEXT,
    signed_in INTEGER NOT NULL,  -- when the person came in
    password BLOB NOT NULL,      -- mark of the password then: another password ends it
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    revoked INTEGER
);
CREATE INDEX authorisation_of_account ON authorisation (account, id);
CREATE INDEX authorisation_of_app ON authorisation (app, id);

CREATE TABLE launch (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    app INTEGER NOT NULL REFERENCES app (id),
    session INTEGER NOT NULL REFERENCES session (id),
    patient_id TEXT,
    encounter_id TEXT,
    expires INTEGER NOT NULL,
    used INTEGER
);

CREATE TABLE authorisation_code (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    authorisation INTEGER NOT NULL REFERENCES authorisation (id),
    redirect TEXT NOT NULL,
    challenge TEXT NOT NULL,     -- PKCE, S256
    expires INTEGER NOT NULL,
    used INTEGER
);

CREATE TABLE refresh_token (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    authorisation INTEGER NOT NULL REFERENCES authorisation (id),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER
);

-- The `jti` of assertions that were accepted, until they would have expired anyway.
CREATE TABLE assertion_seen (
    app INTEGER NOT NULL REFERENCES app (id),
    hash BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (app, hash)
) WITHOUT ROWID;
CREATE INDEX assertion_seen_until ON assertion_seen (expires);

ALTER TABLE token ADD COLUMN app INTEGER REFERENCES app (id);
ALTER TABLE token ADD COLUMN authorisation INTEGER REFERENCES authorisation (id);
CREATE INDEX token_of_authorisation ON token (authorisation);
