-- What goes with an application: answers to custodians' questions, the talk about it, notices, and how people are reached.
CREATE TABLE checklist_answer (
    project TEXT NOT NULL REFERENCES project (id),
    dataset TEXT NOT NULL,
    place INTEGER NOT NULL CHECK (place >= 1),
    question TEXT NOT NULL,  -- JSON: language to text, as it was asked
    answer TEXT NOT NULL,
    PRIMARY KEY (project, dataset, place)
) STRICT;
-- The one-time key of the form that made a project: sent again, it makes no other.
CREATE TABLE project_key (
    person TEXT NOT NULL REFERENCES person (id),
    key TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES project (id),
    PRIMARY KEY (person, key)
) STRICT;
CREATE TABLE comment (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id),
    person TEXT NOT NULL REFERENCES person (id),
    part TEXT NOT NULL CHECK (part IN ('member', 'reviewer', 'decider', 'custodian')),
    words TEXT NOT NULL,
    key TEXT NOT NULL,
    written_at TEXT NOT NULL,
    UNIQUE (project, person, key)
) STRICT;
CREATE INDEX comment_project ON comment (project, written_at);
-- Something happened that concerns a person. It holds no word of what happened: only its kind and where to look.
CREATE TABLE notice (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES project (id),
    permit TEXT REFERENCES permit (id),
    read_at TEXT,
    mail TEXT NOT NULL CHECK (mail IN ('waits', 'none', 'taken', 'sent', 'failed')),
    mailed_at TEXT
) STRICT;
CREATE INDEX notice_person ON notice (person, at);
CREATE INDEX notice_mail ON notice (mail, at);
CREATE TABLE contact (
    person TEXT PRIMARY KEY REFERENCES person (id),
    address TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    asked TEXT NOT NULL CHECK (asked IN ('waits', 'taken', 'sent', 'failed')),
    confirmed_at TEXT
) STRICT;
CREATE TABLE feed (
    person TEXT PRIMARY KEY REFERENCES person (id),
    hash TEXT NOT NULL UNIQUE CHECK (LENGTH(hash) = 64),
    made_at TEXT NOT NULL
) STRICT;
