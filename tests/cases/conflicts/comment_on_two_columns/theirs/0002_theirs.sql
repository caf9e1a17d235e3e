-- migrate:up
COMMENT ON COLUMN comments.author IS 'b';
-- migrate:down
