"""SQL as PostgreSQL's own parser sees it: what is the same change, what a script does to its transaction."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.languages import Flaw, by_name, by_suffix, suffixes
from gitmig.migrations.languages.sql import (
    SQL,
    commits,
    concurrent_index,
    executable,
    flaws,
    inside_transaction,
    needs_commits,
    unparsed,
)
from gitmig.migrations.model import decode
from gitmig.migrations.parser import Statement, checksum, statements, tokens
from tests.samples import KEEPS_TO_ITSELF

CREATE = "CREATE TABLE comments (contents text DEFAULT 'None');"


def control(word: str, offset: int) -> list[Flaw]:
    """The complaint about a statement that ends or begins a transaction."""
    return [
        Flaw(
            offset=offset,
            message=f"{word} inside a script that runs in a transaction",
            hint=KEEPS_TO_ITSELF,
        )
    ]


def test_sql_is_the_language_of_sql_files() -> None:
    assert suffixes() == ("sql",)
    assert by_suffix("sql") == by_name("sql") == SQL
    assert by_suffix("md") is None


def test_a_language_that_is_not_read_is_that_of_programs() -> None:
    assert (by_name("sql").is_program, by_name("cobol").is_program, by_name("cobol").name) == (False, True, "cobol")


# --- the same change ---


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("create table comments (contents text default 'None');", id="small letters"),
        pytest.param("CREATE TABLE Comments (CONTENTS Text DEFAULT 'None');", id="unquoted names without case"),
        pytest.param("CREATE TABLE comments (contents text DEFAULT 'None')", id="no semicolon"),
        pytest.param("CREATE TABLE comments (contents text DEFAULT 'None');;\n;\n", id="more semicolons"),
        pytest.param("CREATE TABLE comments(\n\tcontents\ttext\n\tDEFAULT 'None'\n);\n", id="white space"),
        pytest.param("CREATE TABLE comments (contents text DEFAULT 'None');".replace(" ", "\r\n"), id="CRLF"),
        pytest.param("-- why\nCREATE TABLE comments (contents text DEFAULT 'None'); -- so", id="line comments"),
        pytest.param("/* a /* b */ c */CREATE TABLE comments (contents text/**/DEFAULT 'None');", id="block comments"),
    ],
)
def test_what_postgresql_reads_alike_has_one_checksum(text: str) -> None:
    assert checksum(text) == checksum(CREATE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("SELECT 'None'", "SELECT 'none'", id="the case of a string"),
        pytest.param("SELECT 'a b'", "SELECT 'a  b'", id="a space in a string"),
        pytest.param("SELECT 'a -- b'", "SELECT 'a'", id="what looks like a comment in a string"),
        pytest.param("SELECT '; '", "SELECT ';'", id="a semicolon in a string"),
        pytest.param("SELECT $$a$$", "SELECT $$A$$", id="the case of a function body"),
        pytest.param("SELECT $$\n-- a\n$$", "SELECT $$\n-- b\n$$", id="a comment in a function body"),
        pytest.param("SELECT E'\\n'", "SELECT '\\n'", id="the kind of a string"),
        pytest.param("SELECT 1", "SELECT 10", id="a number"),
        pytest.param("SELECT $1", "SELECT $2", id="a parameter"),
        pytest.param('SELECT "A"', 'SELECT "a"', id="the case of a quoted name"),
        pytest.param('SELECT U&"A"', 'SELECT U&"a"', id="the case of a name with escapes"),
        pytest.param("CREATE TABLE É ()", "CREATE TABLE é ()", id="capitals PostgreSQL does not fold"),
        pytest.param("SELECT a @ -1", "SELECT a @-1", id="one operator instead of two"),
        pytest.param("SELECT 1 2", "SELECT 12", id="one token instead of two"),
        pytest.param("SELECT 1; SELECT 2", "SELECT 2; SELECT 1", id="the order of statements"),
        pytest.param("SELECT 1; SELECT 2", "SELECT 1", id="a statement less"),
        pytest.param("SELECT 1", "", id="nothing at all"),
        pytest.param("SELECT 100 % 3", "SELECT 100 %% 3", id="a percent sign"),
    ],
)
def test_what_postgresql_reads_otherwise_has_another_checksum(one: str, other: str) -> None:
    assert checksum(one) != checksum(other)


@pytest.mark.parametrize("word", ["CONSTRAINT", "CONSTRAINTS", "SELECT", "PRIMARY", "Comments"])
def test_no_keyword_counts_with_its_case(word: str) -> None:
    assert checksum(word) == checksum(word.lower()) == checksum(word.upper())


@pytest.mark.parametrize("text", ["", ";", "\n", "-- comment\n", "/* comment */", " ; -- comment\n;"])
def test_everything_that_does_nothing_is_the_same(text: str) -> None:
    assert checksum(text) == checksum("")


def test_what_is_no_sql_is_compared_line_by_line() -> None:
    """An open quote: PostgreSQL's scanner gives up."""
    text = "SELECT 'open;\nSELECT 2;"
    assert tokens(text) is None
    assert checksum("\n  SELECT 'open;  \n\n\tSELECT 2;\n") == checksum(text)
    assert checksum("select 'open;\nSELECT 2;") != checksum(text)


WORDS = ["CREATE", "TABLE", "IF", "comments", "Body", "CONSTRAINT", "CHECK", "(", ")", ",", ";", "<=", "::", "int", "*"]
LITERALS = ["'None'", "'it''s'", "42", "1.5e3", '"Body"', "$$ BEGIN -- x\n END $$", "E'\\n'", "X'1F'", "'é 🐘'"]
SPACE = st.text(" \t\n", min_size=1, max_size=3)
COMMENT = st.sampled_from(["-- it's\n", "--\n", "/* ' */", "/* -- */", "/* a /* nested */ one */", "/* ; é\n */"])
# Two strings with nothing but a line end between them are one string: a literal is followed by a word.
SCRIPT = st.lists(
    st.one_of(
        st.sampled_from(WORDS).map(lambda word: [word]),
        st.tuples(st.sampled_from(LITERALS), st.sampled_from(WORDS)).map(list),
    ),
    max_size=12,
).map(lambda parts: [token for part in parts for token in part])


@given(SCRIPT, st.data())
@settings(deadline=None)
def test_comments_space_line_ends_and_case_do_not_change_the_checksum(script: list[str], data: st.DataObject) -> None:
    written = ""
    for token in script:
        before = data.draw(SPACE) + data.draw(st.one_of(st.just(""), st.tuples(COMMENT, SPACE).map("".join)))
        cased = data.draw(st.sampled_from([token, token.lower(), token.upper()])) if token in WORDS else token
        written += before + cased
    plain = " ".join(script)
    assert checksum(written) == checksum(plain)
    crlf = b"\xef\xbb\xbf" + written.replace("\n", "\r\n").encode()
    assert checksum(decode(crlf, "m.sql")) == checksum(plain)


@given(SCRIPT, SCRIPT, st.permutations(LITERALS))
@settings(deadline=None)
def test_a_changed_literal_changes_the_checksum(before: list[str], after: list[str], literals: list[str]) -> None:
    one, other, *_ = (" ".join([*before, "DEFAULT", literal, "NULL", *after]) for literal in literals)
    assert checksum(one) != checksum(other)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(deadline=None)
def test_whatever_the_text_it_can_be_judged(text: str) -> None:
    assert checksum(text) == checksum(text + "\n")
    assert len(executable(text)) == len(text)
    assert all(0 <= flaw.offset < len(text) for flaw in flaws(text, True))
    assert all(text[s.offset :].startswith(s.text) for s in statements(text))


# --- statements ---


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("-- a\n/* b */", [], id="comments alone"),
        pytest.param("SELECT 1", [("SELECT 1", 0)], id="one without a semicolon"),
        pytest.param("SELECT 1;\n\nSELECT 2;\n", [("SELECT 1", 0), ("SELECT 2", 11)], id="two"),
        pytest.param("SELECT 'é🐘';SELECT 2", [("SELECT 'é🐘'", 0), ("SELECT 2", 12)], id="offsets in characters"),
        pytest.param("-- a\nSELECT 1; -- b\nSELECT 2", [("SELECT 1", 5), ("SELECT 2", 20)], id="behind comments"),
        pytest.param("SELECT ';' ; SELECT 2", [("SELECT ';'", 0), ("SELECT 2", 13)], id="a semicolon in a string"),
        pytest.param("CREATE TABEL a; DROP TABEL b", [("CREATE TABEL a", 0), ("DROP TABEL b", 16)], id="no grammar"),
        pytest.param("SELECT 'open; SELECT 2", [("SELECT 'open; SELECT 2", 0)], id="an open quote"),
        pytest.param(
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
            [("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", 0), ("SELECT 3", 57)],
            id="semicolons of a rule",
        ),
    ],
)
def test_a_script_is_split_into_statements(text: str, found: list[tuple[str, int]]) -> None:
    assert statements(text) == [Statement(*one) for one in found]


# --- transaction control ---


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT 1;", id="none at all"),
        pytest.param("SAVEPOINT a; ROLLBACK TO a; RELEASE SAVEPOINT a;", id="savepoints"),
        pytest.param("SAVEPOINT a; ROLLBACK TO SAVEPOINT a;", id="ROLLBACK TO SAVEPOINT"),
        pytest.param("SAVEPOINT a; ROLLBACK WORK TO a; ROLLBACK TRANSACTION TO a;", id="ROLLBACK WORK TO"),
        pytest.param("DO $$ BEGIN PERFORM 1; END $$;", id="DO"),
        pytest.param("DO $a$\nBEGIN\n  COMMIT;\nEND;\n$a$;", id="COMMIT in a body"),
        pytest.param(
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN NEW;\nEND;\n$$;", id="plpgsql"
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;", id="BEGIN ATOMIC"
        ),
        pytest.param(
            "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC INSERT INTO t SELECT CASE WHEN true THEN 1 END; END;",
            id="CASE … END in BEGIN ATOMIC",
        ),
        pytest.param("SELECT 'BEGIN; COMMIT;';", id="a string"),
        pytest.param("SELECT $$; COMMIT; $$;", id="a dollar-quoted string"),
        pytest.param("-- COMMIT;\n/* ROLLBACK; */ SELECT 1;", id="comments"),
        pytest.param('CREATE TABLE "commit" ("begin" int, start int);', id="names"),
        pytest.param("SELECT CASE WHEN true THEN 1 END;", id="CASE … END"),
        pytest.param("PREPARE q AS SELECT 1; EXECUTE q;", id="a prepared statement"),
        pytest.param("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;", id="SET TRANSACTION"),
        pytest.param("CREATE TABLE t (a int) ON COMMIT DROP;", id="ON COMMIT DROP"),
    ],
)
def test_what_stays_within_the_transaction_is_allowed(text: str) -> None:
    assert flaws(text, True) == []
    assert executable(text) == text


@pytest.mark.parametrize(
    ("text", "word", "offset"),
    [
        pytest.param("ABORT;", "ABORT", 0, id="ABORT"),
        pytest.param("SELECT 1; ROLLBACK;", "ROLLBACK", 10, id="ROLLBACK"),
        pytest.param("rollback;", "ROLLBACK", 0, id="small letters"),
        pytest.param("-- é\n\n  /* so */ ROLLBACK;", "ROLLBACK", 17, id="behind comments"),
        pytest.param("COMMIT AND CHAIN;", "COMMIT", 0, id="COMMIT AND CHAIN"),
        pytest.param("PREPARE TRANSACTION 'x';", "PREPARE", 0, id="PREPARE TRANSACTION"),
        pytest.param("COMMIT PREPARED 'x';", "COMMIT", 0, id="COMMIT PREPARED"),
        pytest.param("START TRANSACTION READ ONLY; SELECT 1; COMMIT;", "START", 0, id="a transaction with options"),
        pytest.param("BEGIN; SELECT 1; ROLLBACK;", "ROLLBACK", 17, id="rolled back at its end"),
        pytest.param("BEGIN; SELECT 1; COMMIT; ABORT;", "ABORT", 25, id="among bare ones"),
        pytest.param("DO $$ BEGIN END $$; ROLLBACK;", "ROLLBACK", 20, id="behind a body"),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END; ROLLBACK;",
            "ROLLBACK",
            73,
            id="behind BEGIN ATOMIC",
        ),
    ],
)
def test_what_would_end_the_transaction_is_refused_where_it_stands(text: str, word: str, offset: int) -> None:
    assert flaws(text, True) == control(word, offset)
    assert flaws(text, False) == []
    assert executable(text) == text
    assert not commits(text)


def test_words_of_a_body_that_was_torn_apart_are_no_transaction_control() -> None:
    """A formatter did this to a down in a public history: the dollar quotes are none any more."""
    text = "CREATE FUNCTION f() RETURNS trigger AS $ $ BEGIN IF x THEN y; END IF; END; $ $ LANGUAGE plpgsql;"
    flaw = Flaw(
        offset=39,
        message='does not parse: syntax error at or near "$"',
        hint="correct the script: PostgreSQL's own parser does not take it",
    )
    assert flaws(text, True) == [flaw]
    assert flaws(text, False) == []
    assert unparsed(text) == flaw


@pytest.mark.parametrize("text", ["", "SELECT 1;", "BEGIN; SELECT 1; ROLLBACK;", "COPY t FROM STDIN;"])
def test_what_parses_is_sql_whatever_it_does(text: str) -> None:
    assert unparsed(text) is None


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        pytest.param("BEGIN;\nSELECT 1;\nCOMMIT;\n", "     ;\nSELECT 1;\n      ;\n", id="BEGIN and COMMIT"),
        pytest.param("begin work; SELECT 1; end work", "          ; SELECT 1;         ", id="small, with WORK and END"),
        pytest.param(
            "START TRANSACTION; SELECT 1; COMMIT TRANSACTION;",
            "                 ; SELECT 1;                   ;",
            id="START TRANSACTION",
        ),
        pytest.param("-- é\nBEGIN; SELECT 1; COMMIT; -- so\n", "-- é\n     ; SELECT 1;       ; -- so\n", id="comments"),
        pytest.param("BEGIN; COMMIT;", "     ;       ;", id="around nothing"),
        pytest.param("BEGIN; CREATE TABEL t; COMMIT;", "     ; CREATE TABEL t;       ;", id="around no grammar"),
        pytest.param("BEGIN\nWORK; SELECT 1; COMMIT", "     \n    ; SELECT 1;       ", id="on two lines"),
        pytest.param("COMMIT", "      ", id="COMMIT alone"),
        pytest.param("SELECT 1; COMMIT;", "SELECT 1;       ;", id="a lone COMMIT at the end"),
        pytest.param("SELECT 1; COMMIT; SELECT 2;", "SELECT 1;       ; SELECT 2;", id="a lone COMMIT in the middle"),
        pytest.param("BEGIN; SELECT 1;", "     ; SELECT 1;", id="BEGIN without its COMMIT"),
        pytest.param("COMMIT; BEGIN;", "      ;      ;", id="the wrong way round"),
        pytest.param("SELECT 1; BEGIN; SELECT 2; END;", "SELECT 1;      ; SELECT 2;    ;", id="around a part"),
        pytest.param(
            "BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT;",
            "     ; SELECT 1;       ;      ; SELECT 2;       ;",
            id="two transactions",
        ),
        pytest.param(
            "BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT;", "     ; SAVEPOINT a; ROLLBACK TO a;       ;", id="s"
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END; COMMIT;",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;       ;",
            id="behind BEGIN ATOMIC",
        ),
    ],
)
def test_every_bare_begin_and_commit_is_blanked(text: str, sent: str) -> None:
    """golang-migrate tells people to write them; every other character stays where it was, and so do line numbers."""
    assert executable(text) == sent
    assert flaws(text, True) == []


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"])
@pytest.mark.parametrize(
    "commit", [f"{verb}{noun}" for verb in ("COMMIT", "END") for noun in ("", " WORK", " TRANSACTION")]
)
def test_a_bare_transaction_may_be_written_in_any_of_its_forms(begin: str, commit: str) -> None:
    assert executable(f"{begin}; SELECT 1; {commit};").split() == [";", "SELECT", "1;", ";"]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        pytest.param("SELECT 1;\nCOPY t (a) FROM STDIN;\n1\n\\.\n", 10, id="as pg_dump writes it"),
        pytest.param("copy t from stdin with (format csv);", 0, id="small letters"),
    ],
)
@pytest.mark.parametrize("transactional", [True, False])
def test_data_for_the_client_is_refused(text: str, offset: int, *, transactional: bool) -> None:
    message, hint = "COPY … FROM STDIN needs a client that sends the data", "write the rows as INSERT statements"
    assert flaws(text, transactional) == [Flaw(offset=offset, message=message, hint=hint)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("COPY t FROM '/srv/stdin';", id="a file on the server"),
        pytest.param("COPY t FROM PROGRAM 'cat stdin';", id="a program"),
        pytest.param("SELECT 'COPY t FROM STDIN';", id="a string"),
        pytest.param("-- COPY t FROM STDIN\nSELECT 1;", id="a comment"),
    ],
)
def test_data_that_the_server_has_is_no_flaw(text: str) -> None:
    assert flaws(text, True) == []


# --- scripts written for the outside of a transaction ---


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        pytest.param("SELECT 1;", "SELECT 1;", id="nothing to rewrite"),
        pytest.param("CREATE INDEX CONCURRENTLY i ON t (a);", "CREATE INDEX              i ON t (a);", id="create"),
        pytest.param("drop index concurrently i;", "drop index              i;", id="drop"),
        pytest.param("REINDEX TABLE CONCURRENTLY t;", "REINDEX TABLE              t;", id="reindex"),
        pytest.param(
            "SELECT 'é concurrently';\nDROP INDEX CONCURRENTLY i;",
            "SELECT 'é concurrently';\nDROP INDEX              i;",
            id="not in a string",
        ),
        pytest.param("ALTER TABLE p DETACH PARTITION c CONCURRENTLY;", None, id="detach means something else"),
        pytest.param("REFRESH MATERIALIZED VIEW CONCURRENTLY v;", None, id="refresh may run inside"),
        pytest.param("BEGIN; SELECT 1; COMMIT;", "     ; SELECT 1;       ;", id="a bare transaction around it"),
    ],
)
def test_a_script_for_the_outside_is_rewritten_for_the_inside(text: str, inside: str | None) -> None:
    """None: it stays as it is."""
    assert inside_transaction(text) == (text if inside is None else inside)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("BEGIN; SELECT 1; ROLLBACK;", id="rolled back"),
        pytest.param("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;", id="with options"),
        pytest.param("BEGIN; SET LOCAL a.b = 1; SELECT 1; COMMIT; SELECT 2;", id="with what the commit ends"),
    ],
)
def test_a_script_that_needs_transactions_of_its_own_has_no_inside(text: str) -> None:
    assert inside_transaction(text) is None


@pytest.mark.parametrize(
    ("text", "several"),
    [
        pytest.param("SELECT 1;", False, id="none"),
        pytest.param("BEGIN; SELECT 1; COMMIT;", False, id="one"),
        pytest.param("SELECT 1; BEGIN; SELECT 2; COMMIT;", False, id="nothing ends before the BEGIN"),
        pytest.param("SELECT 1; COMMIT; COMMIT;", False, id="nothing between"),
        pytest.param("COMMIT; BEGIN; SELECT 1; COMMIT;", False, id="nothing before"),
        pytest.param("BEGIN; SELECT 1; COMMIT; SELECT 2;", True, id="something behind"),
        pytest.param("SELECT 1; COMMIT; SELECT 2;", True, id="a lone COMMIT"),
        pytest.param("BEGIN; SELECT 1; END; BEGIN; SELECT 2; END;", True, id="two"),
        pytest.param("BEGIN; SELECT 1; COMMIT; SELECT 2; ROLLBACK;", False, id="what is refused anyway"),
    ],
)
def test_a_script_commits_before_its_end_if_something_stands_behind(text: str, *, several: bool) -> None:
    assert commits(text) is several


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        pytest.param("SET LOCAL search_path = s", True, id="SET LOCAL"),
        pytest.param("set local role r", True, id="small letters"),
        pytest.param("SELECT set_config('search_path', 's', true)", True, id="set_config"),
        pytest.param("SET CONSTRAINTS ALL DEFERRED", True, id="SET CONSTRAINTS"),
        pytest.param("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", True, id="SET TRANSACTION"),
        pytest.param("CREATE TEMP TABLE t (a int) ON COMMIT DROP", True, id="ON COMMIT DROP"),
        pytest.param("SET LOCAL lock_timeout = '5s'", False, id="a time limit"),
        pytest.param("SET search_path = s", False, id="SET"),
        pytest.param("SELECT set_config('search_path', 's', false)", False, id="set_config of the session"),
        pytest.param("SELECT pg_advisory_xact_lock(1)", False, id="a lock"),
    ],
)
def test_what_ends_with_a_commit_needs_it(statement: str, *, needed: bool) -> None:
    assert needs_commits(f"BEGIN; {statement}; SELECT 1; COMMIT; SELECT 2;") is needed
    assert needs_commits(f"{statement}; SELECT 1; COMMIT; SELECT 2;") is needed
    assert not needs_commits(f"SELECT 1; COMMIT; BEGIN; {statement}; SELECT 2; COMMIT;"), "nothing comes behind it"
    assert not needs_commits(f"BEGIN; {statement}; COMMIT; SELECT 1; ROLLBACK;"), "it is refused"


@pytest.mark.parametrize(
    ("text", "table"),
    [
        pytest.param("CREATE INDEX CONCURRENTLY i ON comments (body)", '"comments"', id="as it is"),
        pytest.param('create unique index concurrently on app."Odd ""T" (a)', '"app"."Odd ""T"', id="with a schema"),
        pytest.param("CREATE INDEX i ON comments (body)", None, id="not concurrently"),
        pytest.param("CREATE INDEX concurrently_made ON comments (body)", None, id="in a name"),
        pytest.param("DROP INDEX CONCURRENTLY i", None, id="another statement"),
        pytest.param("CREATE INDEX CONCURRENTLY i OM comments (body)", None, id="no SQL"),
        pytest.param("-- concurrently", None, id="no statement"),
    ],
)
def test_the_table_of_an_index_built_concurrently(text: str, table: str | None) -> None:
    index = concurrent_index(text)
    assert (index and index.table) == table


@given(st.text(string.printable))
@settings(deadline=None)
def test_tokens_stand_where_they_say(text: str) -> None:
    for token in tokens(text) or ():
        assert text[token.start :].startswith(token.text)
