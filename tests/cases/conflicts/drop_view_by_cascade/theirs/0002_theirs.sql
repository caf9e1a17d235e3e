-- migrate:up
CREATE VIEW newest AS SELECT contents FROM recent;
-- migrate:down
