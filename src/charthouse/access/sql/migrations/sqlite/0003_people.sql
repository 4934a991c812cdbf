-- Who the people are and how they prove it: roles, facilities and credentials with their history, second factors,
-- half-open sign-ins, and the brake on guessing. What somebody presents is kept as SHA-256 only; the secret behind
-- one-time codes is encrypted with the clinic's `factor` key. Times are milliseconds since 1970.

ALTER TABLE account ADD COLUMN email TEXT;
ALTER TABLE account ADD COLUMN practitioner TEXT;  -- logical id of the Practitioner that this person is
ALTER TABLE account ADD COLUMN patient TEXT;       -- logical id of the Patient that this person is
ALTER TABLE account ADD COLUMN handle BLOB;        -- how passkeys name the account: random (WebAuthn, 5.4.3)

-- Roles are ended, never overwritten: who gave it and who took it stays known.
CREATE TABLE role_held (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    role TEXT NOT NULL REFERENCES role (name),
    since INTEGER NOT NULL,
    giver INTEGER,             -- the account that gave it; NULL = from a command on the server
    ended INTEGER,
    ender INTEGER
);
CREATE UNIQUE INDEX role_held_once ON role_held (account, role) WHERE ended IS NULL;
CREATE INDEX role_held_of_account ON role_held (account, id);

INSERT INTO role_held (account, role, since)
SELECT r.account, r.role, a.created FROM account_role r JOIN account a ON a.id = r.account ORDER BY r.account, r.role;
DROP TABLE account_role;
CREATE VIEW account_role AS SELECT account, role FROM role_held WHERE ended IS NULL;

CREATE TABLE facility (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    reference TEXT UNIQUE,     -- Organization/… or Location/… of the record
    created INTEGER NOT NULL,
    closed INTEGER
);

CREATE TABLE works_at (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    facility INTEGER NOT NULL REFERENCES facility (id),
    since INTEGER NOT NULL,
    giver INTEGER,
    ended INTEGER,
    ender INTEGER
);
CREATE UNIQUE INDEX works_at_once ON works_at (account, facility) WHERE ended IS NULL;
CREATE INDEX works_at_of_account ON works_at (account, id);

-- Licences and certificates. A row that was wrong is ended, and says why; it is never changed.
CREATE TABLE credential (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    title TEXT NOT NULL,       -- e.g. RN, MD, CEHRS
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    valid_from TEXT,           -- dates as YYYY-MM-DD
    valid_until TEXT,
    entered INTEGER NOT NULL,
    enterer INTEGER,
    ended INTEGER,
    ender INTEGER,
    reason TEXT
);
CREATE INDEX credential_of_account ON credential (account, id);

ALTER TABLE session ADD COLUMN mfa INTEGER NOT NULL DEFAULT 0;       -- 1 = a second factor was used
ALTER TABLE session ADD COLUMN factor_at INTEGER;                    -- when
ALTER TABLE session ADD COLUMN proved INTEGER NOT NULL DEFAULT 0;    -- when the person last showed who they are
ALTER TABLE session ADD COLUMN locked INTEGER;                       -- since when
ALTER TABLE session ADD COLUMN must_enrol INTEGER NOT NULL DEFAULT 0; -- 1 = opens nothing but setting up a factor

ALTER TABLE sign_in_link ADD COLUMN kind TEXT NOT NULL DEFAULT 'sign-in' CHECK (kind IN ('sign-in', 'invite'));
CREATE INDEX sign_in_link_of_account ON sign_in_link (account, id);

-- A name with its password, or a link, on the way to the second factor; opens nothing else.
CREATE TABLE half_open (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    how TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    ended INTEGER
);

CREATE TABLE totp (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    sealed BLOB NOT NULL,      -- nonce and AES-256-GCM of the secret
    created INTEGER NOT NULL,
    confirmed INTEGER,
    step INTEGER NOT NULL DEFAULT 0,  -- the last time step that was used: each code works once (RFC 6238, 5.2)
    ended INTEGER
);
CREATE UNIQUE INDEX totp_once ON totp (account) WHERE ended IS NULL AND confirmed IS NOT NULL;
CREATE INDEX totp_of_account ON totp (account, id);

CREATE TABLE passkey (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    credential BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    label TEXT NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER,
    ended INTEGER
);
CREATE INDEX passkey_of_account ON passkey (account, id);

-- Challenges that were answered: each counts once.
CREATE TABLE spent_challenge (hash BLOB PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX spent_challenge_expires ON spent_challenge (expires);

CREATE TABLE recovery_code (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    hash BLOB NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER,
    ended INTEGER
);
CREATE INDEX recovery_code_of_account ON recovery_code (account, id);

-- Roles whose holders need a second factor.
CREATE TABLE role_factor (role TEXT PRIMARY KEY REFERENCES role (name), since INTEGER NOT NULL, giver INTEGER) WITHOUT ROWID;

-- Failed sign-ins lately, so that a restart forgets none. `key` is a hash: a mistyped name can be a password.
CREATE TABLE failed_sign_in (
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    count INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX failed_sign_in_since ON failed_sign_in (since);
