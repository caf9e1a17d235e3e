-- migrate:up
ALTER TABLE comments ADD CONSTRAINT filled CHECK (author <> '');
-- migrate:down
