-- migrate:up
INSERT INTO p VALUES (100);
-- migrate:down
