-- migrate:up
CREATE TRIGGER t BEFORE UPDATE ON comments FOR EACH ROW EXECUTE FUNCTION touch();
-- migrate:down
