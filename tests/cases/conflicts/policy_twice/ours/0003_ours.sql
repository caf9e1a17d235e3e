-- migrate:up
CREATE POLICY own ON comments USING (true);
-- migrate:down
