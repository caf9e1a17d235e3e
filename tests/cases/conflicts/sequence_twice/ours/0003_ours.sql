-- migrate:up
CREATE SEQUENCE numbers;
-- migrate:down
