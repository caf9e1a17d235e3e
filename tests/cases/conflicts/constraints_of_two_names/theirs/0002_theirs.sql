-- migrate:up
ALTER TABLE comments ADD CONSTRAINT signed CHECK (author <> '');
-- migrate:down
