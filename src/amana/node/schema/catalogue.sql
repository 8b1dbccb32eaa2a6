-- The published versions. One of each dataset serves.
CREATE TABLE version (
    id TEXT PRIMARY KEY,
    dataset TEXT NOT NULL,
    published_at TEXT NOT NULL,
    serves INTEGER NOT NULL CHECK (serves IN (0, 1)),
    schema_json TEXT NOT NULL,
    profile_json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX version_serves ON version (dataset) WHERE serves = 1;
