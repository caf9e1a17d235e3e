-- migrate:up
CREATE TABLE comments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contents text NOT NULL
);

-- migrate:down
DROP TABLE comments;
