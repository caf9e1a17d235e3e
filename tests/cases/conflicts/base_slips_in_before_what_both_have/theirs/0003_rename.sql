-- migrate:up
ALTER TABLE t RENAME tag_set_array TO tag_set;
-- migrate:down
ALTER TABLE t RENAME tag_set TO tag_set_array;
