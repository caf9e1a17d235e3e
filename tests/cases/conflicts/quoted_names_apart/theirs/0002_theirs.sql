-- migrate:up
CREATE TABLE Votes (id int);
-- migrate:down
