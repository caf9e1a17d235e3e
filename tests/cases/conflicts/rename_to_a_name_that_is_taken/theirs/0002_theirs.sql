-- migrate:up
CREATE TABLE remarks (id int);
-- migrate:down
