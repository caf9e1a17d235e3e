-- migrate:up
ALTER TABLE posts ADD COLUMN views int;
-- migrate:down
