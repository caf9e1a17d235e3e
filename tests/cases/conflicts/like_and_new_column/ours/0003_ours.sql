-- migrate:up
CREATE TABLE archive (LIKE comments INCLUDING ALL);
-- migrate:down
