-- migrate:up
ALTER TABLE comments RENAME TO remarks;
ALTER TABLE remarks RENAME COLUMN contents TO body;
ALTER TABLE remarks RENAME TO comments;
-- migrate:down
