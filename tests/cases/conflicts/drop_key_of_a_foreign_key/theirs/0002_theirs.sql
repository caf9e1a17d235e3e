-- migrate:up
CREATE TABLE links (slug text REFERENCES posts (slug));
-- migrate:down
