-- Requests that were sent with an Idempotency-Key, so that one sent again is never done twice.
CREATE TABLE request_key (
    person TEXT NOT NULL REFERENCES person (id),
    key TEXT NOT NULL,
    request TEXT NOT NULL,  -- keyed digest of what was asked
    serving TEXT NOT NULL,  -- the versions that served when it began
    worker TEXT NOT NULL,  -- the process that works on it; empty: none does
    state TEXT NOT NULL CHECK (state IN ('begun', 'done')),
    outcome TEXT CHECK ((outcome IS NOT NULL) = (state = 'done')),
    begun_at TEXT NOT NULL,
    PRIMARY KEY (person, key)
) STRICT;
CREATE INDEX request_key_begun ON request_key (begun_at);
