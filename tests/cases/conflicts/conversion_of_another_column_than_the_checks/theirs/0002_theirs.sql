-- migrate:up
ALTER TABLE comments ADD CONSTRAINT something CHECK (contents <> '');
-- migrate:down
