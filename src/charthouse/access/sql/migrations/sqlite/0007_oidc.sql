-- Sign-in with an organisation's own sign-in server (OpenID Connect): which servers, and which account each of
-- their people is. Times are milliseconds since 1970.

-- The last row of a name holds. The secret is encrypted with the clinic's `provider` key.
CREATE TABLE oidc_provider (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,          -- random; what addresses hold
    body TEXT NOT NULL,          -- JSON
    secret BLOB,                 -- nonce and AES-256-GCM of the client secret; NULL = a public client
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id)
);
CREATE INDEX oidc_provider_name ON oidc_provider (name, id);

-- A person at a server is named by issuer and subject, never by anything that can be given to somebody else.
CREATE TABLE oidc_identity (
    id INTEGER PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id),
    how TEXT NOT NULL,           -- expected, or just in time
    linked INTEGER NOT NULL,
    ended INTEGER,
    ender INTEGER
);
CREATE UNIQUE INDEX oidc_identity_once ON oidc_identity (issuer, subject) WHERE ended IS NULL;
CREATE INDEX oidc_identity_of_account ON oidc_identity (account);

-- Whom an administrator expects: the first sign-in whose claim says this becomes that account, once.
CREATE TABLE oidc_expected (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    value TEXT NOT NULL,         -- in lower case
    account INTEGER NOT NULL REFERENCES account (id),
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id),
    ended INTEGER                -- used, or taken back
);
CREATE UNIQUE INDEX oidc_expected_once ON oidc_expected (provider, value) WHERE ended IS NULL;

-- Sign-ins and logout tokens that came back: each counts once.
CREATE TABLE oidc_spent (hash BLOB PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX oidc_spent_expires ON oidc_spent (expires);
