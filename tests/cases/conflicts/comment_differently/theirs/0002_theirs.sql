-- migrate:up
COMMENT ON TABLE comments IS 'b';
-- migrate:down
