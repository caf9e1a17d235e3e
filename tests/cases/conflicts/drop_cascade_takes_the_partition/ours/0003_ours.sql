-- migrate:up
DROP TABLE events CASCADE;
-- migrate:down
