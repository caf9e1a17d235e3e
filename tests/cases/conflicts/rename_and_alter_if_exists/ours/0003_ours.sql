-- migrate:up
ALTER TABLE comments RENAME TO remarks;
-- migrate:down
