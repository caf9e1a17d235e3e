-- migrate:up
ALTER TABLE measures ADD COLUMN value int;
-- migrate:down
