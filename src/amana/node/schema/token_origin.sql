-- How a token came to be: made by a person who signed in herself; in a session of a demo link; in exchange for a demo link.
-- The last two are worth nothing on a node that is no demo.
ALTER TABLE token ADD COLUMN origin TEXT NOT NULL DEFAULT 'person' CHECK (origin IN ('person', 'demo', 'link'));
UPDATE token SET origin = 'link' WHERE label = 'demonstration link';
