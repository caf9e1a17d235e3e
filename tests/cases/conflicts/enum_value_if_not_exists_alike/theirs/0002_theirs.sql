-- migrate:up
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'great';
CREATE TABLE a (id int);
-- migrate:down
