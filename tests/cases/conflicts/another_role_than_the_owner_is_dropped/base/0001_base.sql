-- migrate:up
CREATE ROLE gitmig_case_keeper;
CREATE ROLE gitmig_case_guest;
CREATE TABLE notes (id int);
-- migrate:down
