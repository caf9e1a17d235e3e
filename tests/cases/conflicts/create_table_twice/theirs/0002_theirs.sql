-- migrate:up
CREATE TABLE votes (id bigint);
-- migrate:down
