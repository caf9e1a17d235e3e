-- migrate:up
CREATE OR REPLACE VIEW v AS SELECT *, 1 AS one FROM notes;
-- migrate:down
