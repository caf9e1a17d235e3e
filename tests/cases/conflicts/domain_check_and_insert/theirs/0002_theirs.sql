-- migrate:up
ALTER DOMAIN small ADD CHECK (value < 10);
-- migrate:down
