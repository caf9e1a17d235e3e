-- migrate:up
ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
-- migrate:down
