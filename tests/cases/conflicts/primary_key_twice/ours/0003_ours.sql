-- migrate:up
ALTER TABLE tags ADD PRIMARY KEY (id);
-- migrate:down
