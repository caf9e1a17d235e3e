-- migrate:up
ALTER TABLE comments ADD FOREIGN KEY (post_id) REFERENCES posts;
-- migrate:down
