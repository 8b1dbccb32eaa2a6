-- People, projects, permits, outputs. Who may do what is decided in `policy`; what must never happen is also forbidden here.
CREATE TABLE organisation (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('custodian', 'research', 'company', 'authority', 'operator'))
) STRICT;
CREATE TABLE person (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    language TEXT NOT NULL,
    disabled_at TEXT
) STRICT;
CREATE TABLE person_role (
    person TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL CHECK (role IN ('researcher', 'reviewer', 'decider', 'custodian', 'operator', 'auditor')),
    given_by TEXT REFERENCES person (id),  -- NULL: on the node's own machine
    PRIMARY KEY (person, role),
    CHECK (given_by <> person)  -- nobody gives herself a role
) STRICT;
CREATE TABLE accreditation (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    granted_by TEXT REFERENCES person (id),  -- NULL: on the node's own machine
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    revoked_at TEXT,
    CHECK (granted_by <> person),
    CHECK (valid_from < valid_until)
) STRICT;
CREATE TABLE project (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version >= 0),
    state TEXT NOT NULL CHECK (state IN (
        'draft', 'submitted', 'returned', 'approved', 'rejected', 'active', 'suspended', 'closed', 'expired', 'revoked')),
    applicant TEXT NOT NULL REFERENCES person (id),
    organisation TEXT NOT NULL REFERENCES organisation (id),
    title TEXT NOT NULL,  -- JSON: language to text
    lay_summary TEXT NOT NULL,
    purposes TEXT NOT NULL,  -- JSON: terms
    datasets TEXT NOT NULL,
    ethics_reference TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    made_at TEXT NOT NULL,
    UNIQUE (id, applicant)
) STRICT;
CREATE TABLE project_member (
    project TEXT NOT NULL REFERENCES project (id),
    person TEXT NOT NULL REFERENCES person (id),
    left_at TEXT,
    PRIMARY KEY (project, person)
) STRICT;
CREATE TABLE review (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    applicant TEXT NOT NULL,
    version INTEGER NOT NULL,
    reviewer TEXT NOT NULL REFERENCES person (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'return', 'reject')),
    reasons TEXT NOT NULL,
    given_at TEXT NOT NULL,
    UNIQUE (project, version, reviewer),
    FOREIGN KEY (project, applicant) REFERENCES project (id, applicant),
    CHECK (reviewer <> applicant)
) STRICT;
CREATE TABLE decision (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    applicant TEXT NOT NULL,
    version INTEGER NOT NULL,
    decider TEXT NOT NULL REFERENCES person (id),
    event TEXT NOT NULL,
    reasons TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    FOREIGN KEY (project, applicant) REFERENCES project (id, applicant),
    CHECK (decider <> applicant)
) STRICT;
CREATE TABLE permit (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    applicant TEXT NOT NULL,
    project_version INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    population TEXT NOT NULL,
    custodian TEXT NOT NULL REFERENCES organisation (id),
    state TEXT NOT NULL CHECK (state IN ('requested', 'granted', 'refused', 'active', 'exhausted', 'suspended', 'expired', 'revoked')),
    share_asked TEXT NOT NULL,  -- a fraction of the population's cap
    cap_nrho INTEGER NOT NULL CHECK (cap_nrho >= 0),
    cap_delta INTEGER NOT NULL CHECK (cap_delta >= 0),
    valid_until TEXT NOT NULL,
    granted_by TEXT REFERENCES person (id),
    reasons TEXT NOT NULL,
    FOREIGN KEY (project, applicant) REFERENCES project (id, applicant),
    CHECK ((granted_by IS NULL) = (state IN ('requested', 'refused'))),
    CHECK (granted_by <> applicant)  -- applicant and decider are never the same
) STRICT;
-- one permit of a project on a dataset at a time
CREATE UNIQUE INDEX permit_held ON permit (project, dataset) WHERE state NOT IN ('refused', 'expired', 'revoked');
CREATE TABLE output (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id),
    kind TEXT NOT NULL CHECK (kind IN ('text', 'code', 'derivation')),
    author TEXT NOT NULL REFERENCES person (id),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('released', 'checking', 'approved', 'returned', 'rejected', 'published', 'retracted')),
    round INTEGER NOT NULL CHECK (round >= 0),
    made_at TEXT NOT NULL,
    UNIQUE (id, author)
) STRICT;
CREATE TABLE vote (
    output TEXT NOT NULL,
    author TEXT NOT NULL,
    round INTEGER NOT NULL,
    place INTEGER NOT NULL CHECK (place >= 1),
    voter TEXT NOT NULL REFERENCES person (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'return', 'reject')),
    reasons TEXT NOT NULL,
    given_at TEXT NOT NULL,
    PRIMARY KEY (output, round, place),
    UNIQUE (output, round, voter),
    FOREIGN KEY (output, author) REFERENCES output (id, author),
    CHECK (voter <> author)  -- author and checker are never the same
) STRICT;
-- every transition: who did what to which thing, and when
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    thing TEXT NOT NULL,
    subject TEXT NOT NULL,
    was TEXT NOT NULL,
    now_is TEXT NOT NULL
) STRICT;
CREATE INDEX audit_time ON audit (at, id);
CREATE INDEX audit_subject ON audit (subject);
