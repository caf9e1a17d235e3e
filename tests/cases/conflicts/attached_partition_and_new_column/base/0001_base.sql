-- migrate:up
CREATE TABLE measures (id int, at date) PARTITION BY RANGE (id);
-- migrate:down
