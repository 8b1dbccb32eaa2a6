-- Long questions. The states are those of the machine `run` in policy/transitions.py. Rows of answers are in the ledger alone.
CREATE TABLE job (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES person (id),
    token TEXT,  -- the one that spoke for her, if it was one
    permit TEXT NOT NULL REFERENCES permit (id),
    dataset TEXT NOT NULL,
    sql TEXT NOT NULL,
    within TEXT NOT NULL,
    share TEXT,
    allowance TEXT,  -- JSON: an assistant's token and its share of the permit
    predicted_ms INTEGER NOT NULL CHECK (predicted_ms >= 0),
    made_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'received', 'admitted', 'refused', 'cancelled', 'reserved', 'running', 'done', 'failed', 'settled')),
    worker TEXT,  -- the process that runs it
    charges_before INTEGER,  -- of the permit by that process, when the turn of this job came
    started_at TEXT,  -- its charge stood
    ready_at TEXT,
    over_at TEXT,
    digest TEXT,
    cost_nrho INTEGER CHECK (cost_nrho >= 0),
    cost_delta INTEGER CHECK (cost_delta >= 0),
    recalled INTEGER CHECK (recalled IN (0, 1)),
    refusal TEXT,  -- JSON
    fault TEXT,
    CHECK ((worker IS NULL) = (charges_before IS NULL)),
    CHECK (worker IS NOT NULL OR state IN ('received', 'refused', 'cancelled')),
    CHECK (worker IS NULL OR state NOT IN ('received', 'cancelled')),  -- whose turn has come is cancelled no more
    CHECK (started_at IS NOT NULL OR state <> 'running'),
    CHECK ((started_at IS NULL) = (ready_at IS NULL)),
    CHECK (refusal IS NOT NULL OR state <> 'refused'),
    CHECK (state <> 'settled' OR digest IS NOT NULL OR fault IS NOT NULL OR refusal IS NOT NULL),
    CHECK (digest IS NULL OR (fault IS NULL AND refusal IS NULL)),
    CHECK ((over_at IS NOT NULL) = (state IN ('refused', 'cancelled', 'settled')))
) STRICT;
CREATE INDEX job_owner ON job (owner, made_at, id);
CREATE INDEX job_open ON job (made_at, id) WHERE over_at IS NULL;
