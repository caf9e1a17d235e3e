-- migrate:up
CREATE SCHEMA IF NOT EXISTS app;
CREATE TABLE app.b (id int);
-- migrate:down
