-- migrate:up
CREATE VIEW v AS SELECT f(1) AS x;
-- migrate:down
