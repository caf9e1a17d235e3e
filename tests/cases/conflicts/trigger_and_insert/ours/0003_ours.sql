-- migrate:up
CREATE TRIGGER t BEFORE INSERT ON comments FOR EACH ROW EXECUTE FUNCTION touch();
-- migrate:down
