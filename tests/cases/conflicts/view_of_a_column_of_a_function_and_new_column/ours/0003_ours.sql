-- migrate:up
CREATE VIEW v AS SELECT n.id FROM all_notes() AS n;
-- migrate:down
