-- migrate:up
ALTER TABLE posts ALTER id TYPE uuid USING gen_random_uuid();
-- migrate:down
