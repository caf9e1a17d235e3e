-- Collations, conversions, text search.

-- before

-- differs: a collation
-- or
CREATE COLLATION c (locale = 'C');

-- differs: the locale of a collation
CREATE COLLATION c (locale = 'POSIX');
-- or
CREATE COLLATION c (locale = 'C');

-- differs: a part of a collation's locale
CREATE COLLATION c (lc_collate = 'C', lc_ctype = 'POSIX');
-- or
CREATE COLLATION c (lc_collate = 'C', lc_ctype = 'C');

-- same: a collation from another one
CREATE COLLATION c FROM "C";
-- or
CREATE COLLATION d FROM "C";
ALTER COLLATION d RENAME TO c;

-- differs: a conversion
-- or
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- differs: a default conversion
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- or
CREATE DEFAULT CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- differs: the encodings of a conversion
CREATE CONVERSION c FOR 'LATIN2' TO 'UTF8' FROM iso8859_to_utf8;
-- or
CREATE CONVERSION c FOR 'LATIN3' TO 'UTF8' FROM iso8859_to_utf8;

-- differs: the target of a conversion
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN2' FROM utf8_to_iso8859;
-- or
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN3' FROM utf8_to_iso8859;

-- differs: the function of a conversion
CREATE FUNCTION f(int, int, cstring, internal, int, bool) RETURNS int LANGUAGE c STRICT
  AS '$libdir/utf8_and_iso8859_1', 'iso8859_1_to_utf8';
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM f;
-- or
CREATE FUNCTION f(int, int, cstring, internal, int, bool) RETURNS int LANGUAGE c STRICT
  AS '$libdir/utf8_and_iso8859_1', 'iso8859_1_to_utf8';
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- differs: a text search parser
-- or
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);

-- differs: the headline of a text search parser
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
-- or
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype,
  headline = prsd_headline);

-- differs: the start of a text search parser
CREATE FUNCTION f(internal, int) RETURNS internal LANGUAGE internal AS 'prsd_start';
CREATE TEXT SEARCH PARSER p (start = f, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
-- or
CREATE FUNCTION f(internal, int) RETURNS internal LANGUAGE internal AS 'prsd_start';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);

-- differs: how a text search parser gets a token
CREATE FUNCTION f(internal, internal, internal) RETURNS internal LANGUAGE internal AS 'prsd_nexttoken';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = f, end = prsd_end, lextypes = prsd_lextype);
-- or
CREATE FUNCTION f(internal, internal, internal) RETURNS internal LANGUAGE internal AS 'prsd_nexttoken';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);

-- differs: the end of a text search parser
CREATE FUNCTION f(internal) RETURNS void LANGUAGE internal AS 'prsd_end';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = f, lextypes = prsd_lextype);
-- or
CREATE FUNCTION f(internal) RETURNS void LANGUAGE internal AS 'prsd_end';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);

-- differs: the kinds of tokens of a text search parser
CREATE FUNCTION f(internal) RETURNS internal LANGUAGE internal AS 'prsd_lextype';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = f);
-- or
CREATE FUNCTION f(internal) RETURNS internal LANGUAGE internal AS 'prsd_lextype';
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);

-- differs: a text search template
-- or
CREATE TEXT SEARCH TEMPLATE t (lexize = dsimple_lexize);

-- differs: functions of a text search template
CREATE TEXT SEARCH TEMPLATE t (lexize = dsimple_lexize);
-- or
CREATE TEXT SEARCH TEMPLATE t (lexize = dsimple_lexize, init = dsimple_init);

-- differs: what a text search template does
CREATE TEXT SEARCH TEMPLATE t (lexize = dsynonym_lexize);
-- or
CREATE TEXT SEARCH TEMPLATE t (lexize = dsimple_lexize);

-- differs: a text search dictionary
-- or
CREATE TEXT SEARCH DICTIONARY d (template = simple);

-- differs: an option of a text search dictionary
CREATE TEXT SEARCH DICTIONARY d (template = simple);
-- or
CREATE TEXT SEARCH DICTIONARY d (template = simple, accept = false);

-- same: options of a text search dictionary in another order
CREATE TEXT SEARCH DICTIONARY d (template = simple, accept = false, stopwords = 'english');
-- or
CREATE TEXT SEARCH DICTIONARY d (template = simple, stopwords = 'english', accept = false);

-- differs: the template of a text search dictionary
CREATE TEXT SEARCH TEMPLATE simple (lexize = dsimple_lexize, init = dsimple_init);
CREATE TEXT SEARCH DICTIONARY d (template = pg_catalog.simple);
-- or
CREATE TEXT SEARCH TEMPLATE simple (lexize = dsimple_lexize, init = dsimple_init);
CREATE TEXT SEARCH DICTIONARY d (template = SELF.simple);

-- before
CREATE TEXT SEARCH DICTIONARY d (template = simple);
CREATE TEXT SEARCH CONFIGURATION c (parser = "default");
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, asciiword WITH simple;

-- differs: a text search configuration
-- or
CREATE TEXT SEARCH CONFIGURATION b (parser = "default");

-- differs: the parser of a text search configuration
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION b (parser = "default");
-- or
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION b (parser = p);

-- differs: a token
-- or
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR email WITH simple;

-- differs: which token
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR url WITH simple;
-- or
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR email WITH simple;

-- differs: a dictionary
-- or
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d;

-- differs: the order of dictionaries
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH simple, d;
-- or
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH d, simple;

-- same: a token there and back
-- or
ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word;
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR email, word WITH d, simple;
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH simple;
ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR email;
