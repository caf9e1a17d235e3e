-- migrate:up
CREATE VIEW v AS SELECT * FROM all_notes();
-- migrate:down
