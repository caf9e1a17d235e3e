-- migrate:up
INSERT INTO comments (id) VALUES (1);
-- migrate:down
