-- migrate:up
DROP ROLE gitmig_case_guest;
-- migrate:down
