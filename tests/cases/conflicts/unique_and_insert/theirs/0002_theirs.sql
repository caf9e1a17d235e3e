-- migrate:up
INSERT INTO comments (id, post_id) VALUES (1, 1), (2, 2);
-- migrate:down
