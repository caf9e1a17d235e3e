-- migrate:up
INSERT INTO notes (id) VALUES (1);
-- migrate:down
