-- migrate:up
REVOKE ALL ON comments FROM PUBLIC;
-- migrate:down
