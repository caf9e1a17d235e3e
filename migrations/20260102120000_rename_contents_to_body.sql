-- migrate:up
ALTER TABLE comments RENAME COLUMN contents TO body;

-- migrate:down
ALTER TABLE comments RENAME COLUMN body TO contents;
