-- migrate:up
CREATE INDEX by_body ON notes USING gin (to_tsvector('tc', body));
-- migrate:down
