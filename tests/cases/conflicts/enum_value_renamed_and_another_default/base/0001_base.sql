-- migrate:up
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE notes (id int, mood mood, other text);
-- migrate:down
