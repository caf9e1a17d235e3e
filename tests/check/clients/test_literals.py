"""The texts of source files in the languages that have their own ways of quoting and joining."""

from __future__ import annotations

import pytest

from gitmig.check.clients.literals import HOLE, is_source, texts

# File, source, and its texts; a hole is written as ‹›.
LITERALS = {
    "python joins what stands together": ("a.py", 'x = ("SELECT a "\n     "FROM t")', ["SELECT a FROM t"]),
    "python has holes in f-strings": ("a.py", 'f"SELECT {a!r:>3} FROM {t}"', ["SELECT ‹› FROM ‹›"]),
    "python has raw strings": ("a.py", 'r"a\\d" + b', ["a\\d‹›"]),
    "an expression between literals is a hole": ("a.py", '"SELECT " + f(t)[0] + " FROM t"', ["SELECT ‹› FROM t"]),
    "arguments are not joined": ("a.py", 'f("SELECT a", "b")', ["SELECT a", "b"]),
    "rust has raw strings": ("a.rs", 'query!(r#"SELECT "id" FROM t"#, x)', ['SELECT "id" FROM t']),
    "rust continues lines": ("a.rs", 'let s = "SELECT a \\\n   FROM t";', ["SELECT a    FROM t"]),
    "go has backquotes": ("a.go", "x := `SELECT a\nFROM t` + \" WHERE b\\n\" + y", ["SELECT a\nFROM t WHERE b\n‹›"]),
    "javascript has templates": ("a.js", "sql`SELECT ${x.map(y => `a${y}`)} FROM t`", ["SELECT ‹› FROM t"]),
    "typescript has typed templates": ("a.ts", "sql<Foo>`SELECT a FROM t LIMIT ${n}`", ["SELECT a FROM t LIMIT ‹›"]),
    "java has text blocks": ("A.java", 'String s = """\n  SELECT a\n  """ + x;', ["\n  SELECT a\n  ‹›"]),
    "java concatenates in annotations": ("A.java", '@Query("SELECT a" +\n  " FROM t")', ["SELECT a FROM t"]),
    "kotlin has templates": ("a.kt", 'val x = """SELECT $a ${b.c} FROM t"""', ["SELECT ‹› ‹› FROM t"]),
    "ruby has heredocs": ("a.rb", "exec(<<-SQL.squish, a)\n  SELECT 1\nSQL\n", ["  SELECT 1\n"]),
    "ruby continues lines": ("a.rb", 'y = "a #{b} c" \\\n "d"', ["a ‹› cd"]),
    "ruby has percent literals": ("a.rb", "z = %q(SELECT 1 FROM x)\n", ["SELECT 1 FROM x"]),
    "php joins with dots": ("a.php", "<?php $y = \"SELECT \" . $z . ' FROM t';", ["SELECT ‹› FROM t"]),
    "php has heredocs": ("a.php", "<?php $x = <<<SQL\n SELECT a FROM t\nSQL;\n", [" SELECT a FROM t\n"]),
    "c joins what stands together": ("a.c", 'x = "SELECT a"\n  " FROM t";', ["SELECT a FROM t"]),
    "c++ has raw strings": ("a.cpp", 'y = R"sql(SELECT "a")sql";', ['SELECT "a"']),
    "c# has verbatim strings": ("A.cs", 'var b = @"SELECT\n a";', ["SELECT\n a"]),
    "f# is no forth": ("a.fs", 'let q = """SELECT a FROM t"""', ["SELECT a FROM t"]),
    "elixir has sigils": ("a.ex", 'y = ~s(SELECT 1) <> " FROM t"', ["SELECT 1 FROM t"]),
    "perl joins with dots": ("a.pl", "my $x = 'SELECT a' . q{ FROM t};", ["SELECT a FROM t"]),
    "lua has long brackets": ("a.lua", 'x = [[SELECT 1]] .. " FROM t"', ["SELECT 1 FROM t"]),
    "swift has holes": ("a.swift", 'let x = """\nSELECT \\(a) FROM t\n"""', ["\nSELECT ‹› FROM t\n"]),
    "dart has templates": ("a.dart", "x = 'SELECT $a ' 'FROM t';", ["SELECT ‹› FROM t"]),
    "a shell's heredoc is one": ("a.sh", "psql <<EOF\nSELECT $a FROM t;\nEOF\n", ["SELECT $a FROM t;\n"]),
    "a query file is one text": ("a.sql", "SELECT 1;\r\nSELECT 2;\n", ["SELECT 1;\nSELECT 2;\n"]),
    "a language without a lexer has none": ("a.unknown", '"SELECT 1"', []),
}  # fmt: skip


@pytest.mark.parametrize("name", LITERALS)
def test_texts(name: str) -> None:
    path, source, expected = LITERALS[name]
    assert [text.text.replace(HOLE, "‹›") for text in texts(path, source)] == expected


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.py", 'x = (\n  "SELECT a"\n  f" {b}"\n  " FROM t"\n)'),
        ("a.py", 'x = """\n\nSELECT a\n FROM t"""\n'),
        ("a.go", "x :=\n\n`SELECT a\nFROM t`"),
        ("a.js", 'f(\n"SELECT" +\n b +\n " FROM t")'),
    ],
)
def test_lines_are_those_of_the_file(path: str, source: str) -> None:
    (text,) = texts(path, source)
    assert text.line(text.text.index("FROM")) == source[: source.index("FROM")].count("\n") + 1
    assert text.line(text.text.index("SELECT")) == source[: source.index("SELECT")].count("\n") + 1


@pytest.mark.parametrize("source", ['x = "SELECT a', 'x = f"{', "\x00\x01", "x = '''", '"' * 7, "\\", "é\u2028'ü'"])
def test_what_is_no_program_harms_nobody(source: str) -> None:
    for path in ("a.py", "a.rs", "a.go", "a.ts", "A.java", "a.rb", "a.php", "A.cs", "a.ex", "a.sh", "a.sql"):
        list(texts(path, source))


def test_what_is_for_people_or_no_text_is_no_source() -> None:
    named = ["a.py", "b.rs", "q.sql", "x.inc", "README.md", "a.json", "a.png", "Makefile", "yarn.lock", ".env"]
    assert [path for path in named if is_source(path)] == ["a.py", "b.rs", "q.sql", "x.inc"]
