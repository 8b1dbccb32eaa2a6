-- People and what was done to them.
CREATE TABLE organisation (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL
) STRICT;
CREATE TABLE person (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation,
    language TEXT NOT NULL,
    disabled_at TEXT
) STRICT;
CREATE TABLE person_role (
    person TEXT NOT NULL REFERENCES person,
    role TEXT NOT NULL,
    PRIMARY KEY (person, role)
) STRICT;
CREATE TABLE accreditation (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person,
    granted_by TEXT NOT NULL REFERENCES person,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    revoked_at TEXT
) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    thing TEXT NOT NULL,
    subject TEXT NOT NULL,
    was TEXT NOT NULL,
    now_is TEXT NOT NULL
) STRICT;
