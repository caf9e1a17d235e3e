-- migrate:up
CREATE TABLE a.t (id bigint);
-- migrate:down
