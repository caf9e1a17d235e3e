-- migrate:up
INSERT INTO p VALUES (-5);
-- migrate:down
