-- migrate:up
CREATE TABLE comments (id int PRIMARY KEY, post_id int, contents text, author text DEFAULT 'nobody');
CREATE TABLE posts (id int PRIMARY KEY, title text, slug text CONSTRAINT posts_slug UNIQUE);
CREATE TABLE events (at date) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
-- migrate:down
