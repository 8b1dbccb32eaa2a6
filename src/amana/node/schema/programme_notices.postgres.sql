-- A notice may be about a commitment of the national programme instead of a project.
ALTER TABLE notice ALTER COLUMN project DROP NOT NULL;
ALTER TABLE notice ADD COLUMN commitment TEXT;  -- its name in the plan
ALTER TABLE notice ADD CONSTRAINT notice_about CHECK ((project IS NULL) <> (commitment IS NULL));
