-- migrate:up
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (200);
-- migrate:down
