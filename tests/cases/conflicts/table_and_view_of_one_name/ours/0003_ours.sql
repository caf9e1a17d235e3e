-- migrate:up
CREATE TABLE recent (id int);
-- migrate:down
