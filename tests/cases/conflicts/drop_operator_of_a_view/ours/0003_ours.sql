-- migrate:up
CREATE VIEW v AS SELECT 1 === 2 AS x;
-- migrate:down
