-- migrate:up
CREATE INDEX by_body ON notes (body COLLATE cc);
-- migrate:down
