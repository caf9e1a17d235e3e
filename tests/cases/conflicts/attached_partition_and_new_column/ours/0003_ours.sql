-- migrate:up
CREATE TABLE m1 (id int, at date);
ALTER TABLE measures ATTACH PARTITION m1 FOR VALUES FROM (0) TO (9);
-- migrate:down
