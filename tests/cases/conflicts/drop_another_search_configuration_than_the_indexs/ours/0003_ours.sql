-- migrate:up
CREATE INDEX by_body ON notes USING gin (to_tsvector('simple', body));
-- migrate:down
