-- migrate:up
CREATE TABLE p2 PARTITION OF p FOR VALUES IN ('b', 'c');
-- migrate:down
