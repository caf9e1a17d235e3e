-- migrate:up
ALTER TABLE comments ADD CONSTRAINT of_post FOREIGN KEY (post_id) REFERENCES posts (id);
-- migrate:down
