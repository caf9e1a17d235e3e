-- migrate:up
INSERT INTO notes (id, other) VALUES (1, 'sad');
-- migrate:down
