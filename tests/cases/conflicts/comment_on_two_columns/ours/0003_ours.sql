-- migrate:up
COMMENT ON COLUMN comments.id IS 'a';
-- migrate:down
