-- The ledger of every population: integers only, caps held by the database itself. Losses in nano-rho and 2**-64.
CREATE TABLE IF NOT EXISTS population (
    name TEXT PRIMARY KEY,
    cap_nrho INTEGER NOT NULL CHECK (cap_nrho >= 0),
    cap_delta INTEGER NOT NULL CHECK (cap_delta >= 0),
    spent_nrho INTEGER NOT NULL DEFAULT 0 CHECK (spent_nrho BETWEEN 0 AND cap_nrho),
    spent_delta INTEGER NOT NULL DEFAULT 0 CHECK (spent_delta BETWEEN 0 AND cap_delta)
) STRICT;
CREATE TABLE IF NOT EXISTS permit (
    id TEXT PRIMARY KEY,
    population TEXT NOT NULL REFERENCES population (name),
    cap_nrho INTEGER NOT NULL CHECK (cap_nrho >= 0),
    cap_delta INTEGER NOT NULL CHECK (cap_delta >= 0),
    spent_nrho INTEGER NOT NULL DEFAULT 0 CHECK (spent_nrho BETWEEN 0 AND cap_nrho),
    spent_delta INTEGER NOT NULL DEFAULT 0 CHECK (spent_delta BETWEEN 0 AND cap_delta),
    faults INTEGER NOT NULL DEFAULT 0 CHECK (faults >= 0)
) STRICT;
CREATE TABLE IF NOT EXISTS charge (
    id TEXT PRIMARY KEY,
    population TEXT NOT NULL REFERENCES population (name),
    permit TEXT NOT NULL REFERENCES permit (id),
    question TEXT NOT NULL,  -- keyed digest of plan and version
    digest TEXT NOT NULL,  -- keyed digest of plan, version and precision
    bounds TEXT NOT NULL,  -- keyed digest of the bounds used
    nrho INTEGER NOT NULL CHECK (nrho >= 0),
    delta INTEGER NOT NULL CHECK (delta >= 0),
    events TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('charged', 'settled', 'faulted')),
    released TEXT CHECK ((released IS NOT NULL) = (state = 'settled')),
    charged_at TEXT NOT NULL
) STRICT;
-- one draw per question: a second asker finds the first one's charge
CREATE UNIQUE INDEX IF NOT EXISTS charge_once ON charge (digest) WHERE state <> 'faulted';
CREATE INDEX IF NOT EXISTS charge_question ON charge (question, state);
