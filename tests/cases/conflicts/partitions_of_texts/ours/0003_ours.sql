-- migrate:up
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('a') TO ('n');
-- migrate:down
