-- The ledger of every population: integers only, caps held by the database itself. Losses in nano-rho and 2**-64.
CREATE TABLE IF NOT EXISTS population (
    name TEXT PRIMARY KEY,
    period TEXT NOT NULL CHECK (period IN ('life', 'year', 'quarter', 'month')),
    cap_nrho INTEGER NOT NULL CHECK (cap_nrho >= 0),  -- for each period
    cap_delta INTEGER NOT NULL CHECK (cap_delta >= 0),
    latest_at TEXT NOT NULL  -- of any charge: a clock that goes back would open an old period again
) STRICT;
-- what can be spent from: the population's cap in one period, a permit's cap, an assistant's allowance
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('population', 'permit', 'allowance')),
    population TEXT NOT NULL REFERENCES population (name),
    cap_nrho INTEGER NOT NULL CHECK (cap_nrho >= 0),
    cap_delta INTEGER NOT NULL CHECK (cap_delta >= 0),
    spent_nrho INTEGER NOT NULL DEFAULT 0 CHECK (spent_nrho BETWEEN 0 AND cap_nrho),
    spent_delta INTEGER NOT NULL DEFAULT 0 CHECK (spent_delta BETWEEN 0 AND cap_delta),
    faults INTEGER NOT NULL DEFAULT 0 CHECK (faults >= 0)
) STRICT;
CREATE TABLE IF NOT EXISTS charge (
    id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,  -- the order of the charges of one question
    population TEXT NOT NULL REFERENCES account (name),
    permit TEXT NOT NULL REFERENCES account (name),
    allowance TEXT REFERENCES account (name),
    question TEXT NOT NULL,  -- keyed digest of plan and version
    digest TEXT NOT NULL,  -- keyed digest of plan, version and precision
    bounds TEXT NOT NULL,  -- keyed digest of the bounds used
    nrho INTEGER NOT NULL CHECK (nrho >= 0),
    delta INTEGER NOT NULL CHECK (delta >= 0),
    events TEXT NOT NULL,
    worker TEXT NOT NULL,  -- the process that runs it
    state TEXT NOT NULL CHECK (state IN ('charged', 'settled', 'faulted')),
    released TEXT CHECK ((released IS NOT NULL) = (state = 'settled')),
    charged_at TEXT NOT NULL
) STRICT;
-- one draw per question: a second asker finds the first one's charge
CREATE UNIQUE INDEX IF NOT EXISTS charge_once ON charge (digest) WHERE state <> 'faulted';
CREATE UNIQUE INDEX IF NOT EXISTS charge_question ON charge (question, sequence);
CREATE INDEX IF NOT EXISTS charge_open ON charge (worker) WHERE state = 'charged';
CREATE INDEX IF NOT EXISTS charge_permit ON charge (permit);
