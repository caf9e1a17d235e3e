-- migrate:up
CREATE TABLE t OF pair;
-- migrate:down
