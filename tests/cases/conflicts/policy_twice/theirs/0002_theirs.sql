-- migrate:up
CREATE POLICY own ON comments USING (id > 0);
-- migrate:down
