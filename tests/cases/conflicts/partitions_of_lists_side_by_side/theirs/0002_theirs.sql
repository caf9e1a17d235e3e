-- migrate:up
CREATE TABLE p2 PARTITION OF p FOR VALUES IN ('c', NULL);
-- migrate:down
