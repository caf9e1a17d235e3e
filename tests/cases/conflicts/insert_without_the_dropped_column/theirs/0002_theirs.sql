-- migrate:up
INSERT INTO comments (id, author) VALUES (1, 'ada');
-- migrate:down
