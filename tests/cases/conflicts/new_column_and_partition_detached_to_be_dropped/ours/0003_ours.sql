-- migrate:up
ALTER TABLE p DETACH PARTITION p0;
DROP TABLE p0;
-- migrate:down
