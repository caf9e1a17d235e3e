-- migrate:up
CREATE POLICY all_of ON comments USING (id > 0);
-- migrate:down
