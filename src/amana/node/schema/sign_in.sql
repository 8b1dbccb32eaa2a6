-- Sign-in. A secret stands here only as its SHA-256 (node/secret.py): whoever reads this file signs in as nobody.
CREATE TABLE session (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (LENGTH(hash) = 64),
    person TEXT NOT NULL REFERENCES person,
    method TEXT NOT NULL CHECK (method IN ('passkey', 'oidc', 'demo', 'enrol')),
    signed_in_at TEXT NOT NULL,
    stepped_up_at TEXT CHECK (method <> 'enrol' OR stepped_up_at IS NULL),
    seen_at TEXT NOT NULL,
    ends_at TEXT NOT NULL CHECK (ends_at > signed_in_at),
    ended_at TEXT
) STRICT;
CREATE INDEX session_person ON session (person);
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (LENGTH(hash) = 64),
    person TEXT NOT NULL REFERENCES person,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    allowance TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL CHECK (expires_at > created_at),
    revoked_at TEXT
) STRICT;
CREATE INDEX token_person ON token (person);
CREATE TABLE sign_in_link (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (LENGTH(hash) = 64),
    person TEXT NOT NULL REFERENCES person,
    kind TEXT NOT NULL CHECK (kind IN ('demo', 'enrol')),
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL CHECK (expires_at > created_at),
    used_at TEXT
) STRICT;
CREATE INDEX sign_in_link_person ON sign_in_link (person);
-- What was begun and must be finished once, soon, for the same purpose and in the same session ('' before sign-in).
CREATE TABLE ceremony (
    hash TEXT PRIMARY KEY CHECK (LENGTH(hash) = 64),
    purpose TEXT NOT NULL,
    session TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL CHECK (expires_at > created_at)
) STRICT;
CREATE INDEX ceremony_expires ON ceremony (expires_at);
CREATE TABLE passkey (
    id TEXT PRIMARY KEY,
    credential TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL REFERENCES person,
    public_key TEXT NOT NULL,
    counter INTEGER NOT NULL CHECK (counter >= 0),
    label TEXT NOT NULL,
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT;
CREATE INDEX passkey_person ON passkey (person);
CREATE TABLE identity (
    id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person,
    linked_at TEXT NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;
CREATE INDEX identity_person ON identity (person);
