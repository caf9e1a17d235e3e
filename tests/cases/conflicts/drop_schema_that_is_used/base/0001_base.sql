-- migrate:up
CREATE SCHEMA app;
CREATE TABLE app.a (id int);
-- migrate:down
