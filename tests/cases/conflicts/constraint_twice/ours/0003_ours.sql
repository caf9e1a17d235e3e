-- migrate:up
ALTER TABLE comments ADD CONSTRAINT filled CHECK (contents <> '');
-- migrate:down
