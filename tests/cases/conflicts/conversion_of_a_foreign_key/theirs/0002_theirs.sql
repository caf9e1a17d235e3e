-- migrate:up
CREATE TABLE likes (post_id int REFERENCES posts (id));
-- migrate:down
