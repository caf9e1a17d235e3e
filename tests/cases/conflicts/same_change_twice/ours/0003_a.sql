-- migrate:up
create table A (id int)
-- migrate:down
