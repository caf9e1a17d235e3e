-- migrate:up
ALTER TABLE posts ALTER id TYPE bigint;
-- migrate:down
