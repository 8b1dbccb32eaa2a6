-- What people asked on the page where questions are written: each question before it is put, its answer after it. `fingerprint`: of
-- the question, its precision, the permit that was named and the versions that served, so that the same question has one row.
CREATE TABLE asked (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    fingerprint TEXT NOT NULL,
    permit TEXT,
    sql TEXT NOT NULL,
    within TEXT NOT NULL,
    serving TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'queued', 'answered', 'lost')),
    job TEXT,
    answer TEXT,  -- as it travels (client/wire.py)
    answer_bytes INTEGER NOT NULL DEFAULT 0 CHECK (answer_bytes >= 0),
    kept_at TEXT NOT NULL DEFAULT '',
    UNIQUE (person, fingerprint),
    CHECK (job IS NOT NULL OR state <> 'queued'),
    CHECK (answer IS NULL OR state = 'answered')
) STRICT;
CREATE INDEX asked_in_order ON asked (person, asked_at, id);
