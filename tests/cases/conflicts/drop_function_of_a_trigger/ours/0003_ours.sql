-- migrate:up
DROP FUNCTION touch();
-- migrate:down
