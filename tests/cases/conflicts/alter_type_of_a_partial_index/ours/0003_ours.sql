-- migrate:up
ALTER TABLE comments ALTER author TYPE varchar(80);
-- migrate:down
