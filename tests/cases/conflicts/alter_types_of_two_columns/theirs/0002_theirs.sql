-- migrate:up
ALTER TABLE comments ALTER id TYPE bigint;
-- migrate:down
