-- migrate:up
COMMENT ON TABLE comments IS 'a';
-- migrate:down
