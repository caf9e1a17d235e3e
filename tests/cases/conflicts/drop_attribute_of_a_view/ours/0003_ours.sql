-- migrate:up
CREATE VIEW v AS SELECT (row(1, 2)::pair).y AS y;
-- migrate:down
