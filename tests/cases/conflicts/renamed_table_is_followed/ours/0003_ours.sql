-- migrate:up
ALTER TABLE comments RENAME TO remarks;
ALTER TABLE remarks DROP COLUMN contents;
-- migrate:down
