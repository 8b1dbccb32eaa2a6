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
-- Which data folder this database belongs to: another one's catalogue would make orphans of all its versions.
CREATE TABLE belonging (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL
) STRICT;
