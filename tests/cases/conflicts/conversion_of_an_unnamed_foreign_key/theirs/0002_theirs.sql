-- migrate:up
CREATE TABLE likes (post_id int REFERENCES posts);
-- migrate:down
