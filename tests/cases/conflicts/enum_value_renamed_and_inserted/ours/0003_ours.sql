-- migrate:up
INSERT INTO notes VALUES (1, 'sad');
-- migrate:down
