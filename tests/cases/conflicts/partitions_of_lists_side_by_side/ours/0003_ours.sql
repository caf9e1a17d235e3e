-- migrate:up
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a', 'b');
-- migrate:down
