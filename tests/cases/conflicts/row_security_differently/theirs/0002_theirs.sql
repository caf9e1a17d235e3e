-- migrate:up
ALTER TABLE comments DISABLE ROW LEVEL SECURITY;
-- migrate:down
