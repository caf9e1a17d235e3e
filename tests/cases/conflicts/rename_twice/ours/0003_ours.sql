-- migrate:up
ALTER TABLE comments RENAME COLUMN contents TO body;
-- migrate:down
