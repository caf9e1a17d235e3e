-- migrate:up
CREATE SEQUENCE numbers START 10;
-- migrate:down
