-- Versions of a plan that are open for comments, the comments, and for a short time where the letters go that confirm them.
CREATE TABLE consultation (
    plan TEXT NOT NULL,
    version INTEGER NOT NULL,
    draft TEXT NOT NULL REFERENCES document (digest),  -- what people comment on
    opened_at TEXT NOT NULL,
    opened_by TEXT NOT NULL REFERENCES person (id),
    until TEXT NOT NULL,  -- the last day
    answers TEXT REFERENCES document (digest),  -- NULL while it is open
    closed_at TEXT,
    closed_by TEXT REFERENCES person (id),
    PRIMARY KEY (plan, version),
    FOREIGN KEY (plan, version) REFERENCES plan_version (plan, version),
    CHECK ((answers IS NULL) = (closed_at IS NULL) AND (answers IS NULL) = (closed_by IS NULL))
) STRICT;
CREATE TABLE plan_comment (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    version INTEGER NOT NULL,
    statement TEXT NOT NULL,  -- a commitment of the draft; empty: the plan as a whole
    category TEXT NOT NULL CHECK (category IN ('citizen', 'research', 'company', 'association', 'authority', 'other')),
    language TEXT NOT NULL,
    words TEXT NOT NULL,
    words_bytes INTEGER NOT NULL,
    same TEXT NOT NULL CHECK (LENGTH(same) = 64),  -- of comments that say the same
    author TEXT NOT NULL,  -- keyed digest of the address, another for each consultation; of nothing once that is closed
    person TEXT REFERENCES person (id),  -- NULL: she has no account
    link TEXT UNIQUE,  -- hash of the secret in her letter; NULL: she got none
    written_at TEXT NOT NULL,
    confirmed_at TEXT,
    state TEXT NOT NULL CHECK (state IN ('unconfirmed', 'waiting', 'published', 'withheld')),
    broken TEXT CHECK (broken IN ('off_topic', 'personal_data', 'insult', 'duplicate', 'unlawful')),
    moderated_by TEXT REFERENCES person (id),
    outcome TEXT CHECK (outcome IN ('accepted', 'not_accepted')),
    changed TEXT NOT NULL DEFAULT '',  -- commitments, with spaces between them
    reason TEXT NOT NULL DEFAULT '',
    reason_bytes INTEGER NOT NULL DEFAULT 0,
    answered_by TEXT REFERENCES person (id),
    UNIQUE (plan, version, author, same),
    FOREIGN KEY (plan, version) REFERENCES consultation (plan, version),
    CHECK ((state = 'unconfirmed') = (confirmed_at IS NULL)),
    CHECK ((state = 'withheld') = (broken IS NOT NULL)),
    CHECK ((state IN ('published', 'withheld')) = (moderated_by IS NOT NULL)),
    CHECK (outcome IS NULL OR state = 'published'),
    CHECK ((outcome IS NULL) = (answered_by IS NULL)),
    CHECK (moderated_by <> person),  -- nobody judges her own words
    CHECK (answered_by <> person)
) STRICT;
CREATE INDEX plan_comment_state ON plan_comment (plan, version, state, confirmed_at);
CREATE INDEX plan_comment_unconfirmed ON plan_comment (state, written_at);
-- The only place where an address stands in clear: until its letter has left, and never longer than two days.
CREATE TABLE plan_comment_letter (
    comment TEXT PRIMARY KEY REFERENCES plan_comment (id),
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    written_at TEXT NOT NULL,
    mail TEXT NOT NULL CHECK (mail IN ('waits', 'taken', 'sent', 'failed')),
    CHECK (address = '' OR mail IN ('waits', 'taken'))
) STRICT;
