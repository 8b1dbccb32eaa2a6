-- Models: what a training left, what its team says of it, and where it stands in its life.
CREATE TABLE model (
    id TEXT PRIMARY KEY,
    project TEXT REFERENCES project (id),  -- none where the custodian trained it on the node's own machine
    permit TEXT NOT NULL,
    dataset TEXT NOT NULL,
    version TEXT NOT NULL,
    custodian TEXT NOT NULL,  -- the organisation as the dataset names it
    state TEXT NOT NULL CHECK (state IN ('trained', 'assessed', 'registered', 'in_service', 'suspended', 'retired')),
    model TEXT NOT NULL,  -- as it was given, byte by byte
    facts TEXT NOT NULL,  -- JSON of terms.training_facts
    card TEXT NOT NULL,  -- JSON of terms.model_card; empty before anybody wrote one
    described_by TEXT REFERENCES person (id),
    assessed_by TEXT REFERENCES person (id),
    public INTEGER NOT NULL CHECK (public IN (0, 1)),
    reasons TEXT NOT NULL,
    made_at TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    CHECK (described_by <> assessed_by),  -- author and checker are never the same
    CHECK ((described_by IS NULL) = (card = '')),
    CHECK (state IN ('trained', 'retired') OR assessed_by IS NOT NULL),
    CHECK (state <> 'trained' OR assessed_by IS NULL),
    CHECK (state = 'retired' OR public = (CASE WHEN state IN ('registered', 'in_service', 'suspended') THEN 1 ELSE 0 END))
) STRICT;
CREATE INDEX model_project ON model (project);
CREATE INDEX model_public ON model (public, made_at);
