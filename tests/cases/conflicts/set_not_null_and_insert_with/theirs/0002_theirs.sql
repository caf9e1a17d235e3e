-- migrate:up
INSERT INTO comments (id, contents) VALUES (1, 'a');
-- migrate:down
