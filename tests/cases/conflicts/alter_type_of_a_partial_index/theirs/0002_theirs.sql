-- migrate:up
CREATE INDEX by_nobody ON comments (id) WHERE author = 'nobody';
-- migrate:down
