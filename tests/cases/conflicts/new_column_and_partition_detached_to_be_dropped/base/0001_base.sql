-- migrate:up
CREATE TABLE p (id int, at date) PARTITION BY RANGE (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES FROM (-10) TO (0);
-- migrate:down
