-- migrate:up
ALTER TABLE drafts ADD COLUMN score int;
CREATE INDEX by_id ON copies (id);
-- migrate:down
