-- migrate:up
CREATE TABLE VOTES (id int);
-- migrate:down
