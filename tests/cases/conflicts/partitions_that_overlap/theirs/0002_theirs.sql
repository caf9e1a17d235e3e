-- migrate:up
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5) TO (15);
-- migrate:down
