-- The national programme: adopted plans, evidence and who verified it, public documents.
CREATE TABLE document (
    digest TEXT PRIMARY KEY,  -- SHA-256 of the content, which is published when its entry is in the log
    content TEXT NOT NULL
) STRICT;
CREATE TABLE plan_version (
    plan TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    digest TEXT NOT NULL REFERENCES document (digest),
    state TEXT NOT NULL CHECK (state IN ('consulted', 'answered', 'adopted', 'replaced')),
    until TEXT NOT NULL,  -- the last day for comments; else the day of adoption
    decided_at TEXT NOT NULL,
    PRIMARY KEY (plan, version)
) STRICT;
CREATE UNIQUE INDEX plan_adopted ON plan_version (plan) WHERE state = 'adopted';
CREATE TABLE evidence (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    version INTEGER NOT NULL,
    commitment TEXT NOT NULL,
    indicator TEXT NOT NULL,
    held_on TEXT NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('E2', 'E3', 'E4')),
    digest TEXT NOT NULL REFERENCES document (digest),
    owner TEXT NOT NULL REFERENCES organisation (id),  -- of the commitment
    organisation TEXT NOT NULL REFERENCES organisation (id),  -- that brought it
    submitted_by TEXT NOT NULL REFERENCES person (id),
    submitted_at TEXT NOT NULL,
    verdict TEXT CHECK (verdict IN ('confirm', 'reject')),
    verified_by TEXT REFERENCES person (id),
    verifier TEXT REFERENCES organisation (id),
    FOREIGN KEY (plan, version) REFERENCES plan_version (plan, version),
    CHECK ((verdict IS NULL) = (verifier IS NULL) AND (verdict IS NULL) = (verified_by IS NULL)),
    CHECK (verifier <> owner AND verifier <> organisation),  -- whoever promised or brought it does not verify it
    CHECK (verified_by <> submitted_by)
) STRICT;
CREATE INDEX evidence_waiting ON evidence (verdict, submitted_at);
CREATE TABLE commitment_dropped (
    plan TEXT NOT NULL,
    commitment TEXT NOT NULL,
    PRIMARY KEY (plan, commitment)
) STRICT;
-- Private figures that are asked again when their dataset has a new version: in whose name, under which permit.
CREATE TABLE standing_question (
    plan TEXT NOT NULL,
    indicator TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    permit TEXT NOT NULL REFERENCES permit (id),
    dataset_version TEXT NOT NULL,  -- of which the latest figure is
    refused TEXT NOT NULL,  -- the version for which asking again was refused, or empty
    PRIMARY KEY (plan, indicator)
) STRICT;
-- When the status of a commitment was found to be another one: computed, and kept for feeds and histories.
CREATE TABLE status_change (
    plan TEXT NOT NULL,
    commitment TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    log_size INTEGER NOT NULL,
    PRIMARY KEY (plan, commitment, number)
) STRICT;
