-- migrate:up
CREATE SCHEMA IF NOT EXISTS app;
CREATE TABLE app.a (id int);
-- migrate:down
