-- migrate:up
ALTER TABLE p DROP COLUMN id;
-- migrate:down
