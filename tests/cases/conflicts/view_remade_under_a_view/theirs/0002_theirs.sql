-- migrate:up
CREATE VIEW newest AS SELECT id FROM recent;
-- migrate:down
