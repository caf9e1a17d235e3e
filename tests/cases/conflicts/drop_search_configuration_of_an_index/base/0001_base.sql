-- migrate:up
CREATE TABLE notes (id int, body text);
CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple);
-- migrate:down
