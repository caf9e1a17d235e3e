-- migrate:up
CREATE TABLE app.b (id int);
-- migrate:down
