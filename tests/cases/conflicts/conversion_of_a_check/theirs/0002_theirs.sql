-- migrate:up
ALTER TABLE comments ADD CONSTRAINT somebody CHECK (author <> 'you');
-- migrate:down
