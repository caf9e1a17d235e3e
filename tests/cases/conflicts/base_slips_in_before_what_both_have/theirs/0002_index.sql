-- migrate:up
CREATE INDEX tag_set_array_idx ON t USING gin (tag_set_array);
-- migrate:down
DROP INDEX tag_set_array_idx;
