-- migrate:up
INSERT INTO notes VALUES (1, 50);
-- migrate:down
