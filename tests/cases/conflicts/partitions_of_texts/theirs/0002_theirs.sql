-- migrate:up
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('m') TO ('z');
-- migrate:down
