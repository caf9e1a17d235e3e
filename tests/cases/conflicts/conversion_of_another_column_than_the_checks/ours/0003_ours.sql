-- migrate:up
CREATE TYPE writer AS ENUM ('nobody', 'me');
ALTER TABLE comments ALTER author DROP DEFAULT, ALTER author TYPE writer USING author::writer;
-- migrate:down
