-- migrate:up
CREATE VIEW v AS SELECT x FROM notes;
-- migrate:down
