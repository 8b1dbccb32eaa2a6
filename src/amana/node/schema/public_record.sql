-- What the public log commits to and does not tell. Whoever deletes a row makes its commitment say nothing for ever.
CREATE TABLE opening (
    commitment TEXT PRIMARY KEY CHECK (LENGTH(commitment) = 44),
    field TEXT NOT NULL CHECK (field IN ('actor', 'person', 'reasons', 'sql')),
    opening TEXT NOT NULL,  -- salt and text; encrypted where the text stands nowhere else in this database
    locked INTEGER NOT NULL CHECK (locked IN (0, 1))
) STRICT;
-- Entries of transitions that are made and not in the log yet, in the order of their commits: whoever adds one holds the turn
-- until its transaction ends.
CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    log_size INTEGER CHECK (log_size >= 0)  -- before the first attempt to append it: where to look for it after a crash
) STRICT;
CREATE TABLE outbox_turn (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    latest INTEGER NOT NULL
) STRICT;
INSERT INTO outbox_turn (only_row, latest) VALUES (1, 0);
-- What needs one entry in the life of the node: the promise to a population, a version that serves.
CREATE TABLE outbox_once (
    thing TEXT PRIMARY KEY
) STRICT;
