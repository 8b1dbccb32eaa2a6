-- A notice may be about a commitment of the national programme instead of a project. SQLite changes no NOT NULL of a table: it is made
-- anew, with its rows.
CREATE TEMPORARY TABLE notice_before AS SELECT * FROM notice;
DROP TABLE notice;
CREATE TABLE notice (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    project TEXT REFERENCES project (id),
    permit TEXT REFERENCES permit (id),
    read_at TEXT,
    mail TEXT NOT NULL CHECK (mail IN ('waits', 'none', 'taken', 'sent', 'failed')),
    mailed_at TEXT,
    commitment TEXT,  -- its name in the plan
    CONSTRAINT notice_about CHECK ((project IS NULL) <> (commitment IS NULL))
) STRICT;
INSERT INTO notice (id, person, at, kind, project, permit, read_at, mail, mailed_at)
SELECT id, person, at, kind, project, permit, read_at, mail, mailed_at FROM notice_before;
DROP TABLE notice_before;
CREATE INDEX notice_person ON notice (person, at);
CREATE INDEX notice_mail ON notice (mail, at);
