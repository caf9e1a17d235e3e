-- migrate:up
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (15);
-- migrate:down
