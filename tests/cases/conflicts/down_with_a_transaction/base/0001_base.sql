-- migrate:up
CREATE TABLE comments (id int PRIMARY KEY, post_id int, contents text, author text DEFAULT 'nobody');
CREATE TABLE posts (id int PRIMARY KEY, title text, slug text CONSTRAINT posts_slug UNIQUE);
-- migrate:down
