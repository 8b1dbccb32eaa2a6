-- A request for a permit may be returned to the team. SQLite changes no CHECK of a table: it is made anew, with its rows.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE permit_before AS SELECT * FROM permit;
DROP TABLE permit;
CREATE TABLE permit (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    applicant TEXT NOT NULL,
    project_version INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    population TEXT NOT NULL,
    custodian TEXT NOT NULL REFERENCES organisation (id),
    state TEXT NOT NULL CHECK (
        state IN ('requested', 'returned', 'granted', 'refused', 'active', 'exhausted', 'suspended', 'expired', 'revoked')
    ),
    share_asked TEXT NOT NULL,  -- a fraction of the population's cap
    cap_nrho INTEGER NOT NULL CHECK (cap_nrho >= 0),
    cap_delta INTEGER NOT NULL CHECK (cap_delta >= 0),
    valid_until TEXT NOT NULL,
    granted_by TEXT REFERENCES person (id),
    reasons TEXT NOT NULL,
    FOREIGN KEY (project, applicant) REFERENCES project (id, applicant),
    CHECK ((granted_by IS NULL) = (state IN ('requested', 'returned', 'refused'))),
    CHECK (granted_by <> applicant)  -- applicant and decider are never the same
) STRICT;
INSERT INTO permit SELECT * FROM permit_before;
DROP TABLE permit_before;
-- one permit of a project on a dataset at a time
CREATE UNIQUE INDEX permit_held ON permit (project, dataset) WHERE state NOT IN ('refused', 'expired', 'revoked');
