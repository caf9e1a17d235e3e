-- migrate:up
CREATE TABLE IF NOT EXISTS votes (id bigint);
-- migrate:down
