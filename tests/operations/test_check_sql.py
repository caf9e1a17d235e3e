"""The SQL of source code, tried on the schemas of both sides, on real git and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.rules import RULES
from gitmig.errors import GitmigError
from gitmig.operations.check import Clients, Review, review
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.check.rules.registry import Example
    from tests.conftest import Database, Sandbox

RENAME = "ALTER TABLE comments RENAME contents TO body;"
NOWHERE = "postgresql://postgres@127.0.0.1:1/none"
TABLES = """
    CREATE TABLE comments (id int PRIMARY KEY, contents text, slug text UNIQUE);
    CREATE TABLE posts (id int GENERATED ALWAYS AS IDENTITY, title text);
"""
# A program in Python: what each line has to do with the changes below.
API = """import db
db.all("SELECT contents FROM comments WHERE id = %s", id)
db.all("SELECT id, slug "
       "FROM comments "
       "WHERE contents = %(text)s", text=text)
db.run("INSERT INTO comments (id, slug) VALUES (%s, %s) ON CONFLICT (slug) DO NOTHING", 1, s)
db.run("INSERT INTO posts (title) VALUES (%s)", title)
db.all(f"SELECT contents FROM {table}")
db.all("SELECT name FROM products")
db.all("SELECT contents FROM comments")  # gitmig: ignore
"""
# Up script → the lines of API that it breaks, with PostgreSQL's words.
CHANGES = {
    RENAME: {2: 'column "contents" does not exist', 5: 'column "contents" does not exist'},
    "ALTER TABLE comments RENAME TO remarks;": {
        2: 'relation "comments" does not exist',
        4: 'relation "comments" does not exist',
        6: 'relation "comments" does not exist',
    },
    "ALTER TABLE comments DROP CONSTRAINT comments_slug_key;": {
        6: "there is no unique or exclusion constraint matching the ON CONFLICT specification"
    },
    "ALTER TABLE posts ADD author text; ALTER TABLE posts ALTER author SET NOT NULL;": {
        7: 'null value in column "author" of relation "posts" violates not-null constraint'
    },
    "ALTER TABLE comments ALTER id TYPE uuid USING NULL, ALTER contents TYPE int USING 0;": {},
    "ALTER TABLE posts ADD author text NOT NULL DEFAULT '';": {},
    "CREATE TABLE products (name text);": {},
    "CREATE INDEX CONCURRENTLY i ON comments (contents); ALTER TABLE posts RENAME title TO name;": {
        7: 'column "title" of relation "posts" does not exist'
    },
}


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """main has two tables and a program; `feature` is checked out."""
    made = make_sandbox(url=database.url)
    made.migration("0001_tables", TABLES, "DROP TABLE comments, posts;")
    made.write("src/api.py", API)
    made.commit("tables")
    made.git("switch", "--quiet", "--create", "feature")
    return made


def run(repo: Sandbox, clients: Clients = "sql", url: str | None = None, **options: object) -> Review:
    project = Project.load(repo.root, url or repo.environment["DATABASE_URL"])
    return review(project, "main", clients=clients, lint=False, **options)  # type: ignore[arg-type]


def told(found: Review) -> dict[str, list[str]]:
    """The findings about source code, by code."""
    codes: dict[str, list[str]] = {}
    for finding in found.findings:
        if finding.code.startswith("GM6"):
            codes.setdefault(finding.code, []).append(finding.message)
    return codes


def test_what_a_branch_breaks(repo: Sandbox) -> None:
    for up, expected in CHANGES.items():
        repo.migration("0002_change", up)
        found = run(repo)
        messages = [f"src/api.py:{n} does not run since 0002_change: {words}" for n, words in expected.items()]
        assert (up, told(found).get("GM602", [])) == (up, messages)
        assert found.clients is not None
        assert (found.clients.files, found.clients.tried) == (1, 5)


def test_a_finding_is_an_error_at_its_line(repo: Sandbox) -> None:
    repo.migration("0002_body", RENAME)
    finding = next(one for one in run(repo).findings if one.code == "GM602")
    assert (finding.path, finding.line, finding.migrations, finding.doubt) == ("src/api.py", 2, ("0002_body",), None)
    assert finding.severity.value == "error"


def test_the_migration_that_breaks_it_is_named(repo: Sandbox) -> None:
    repo.migration("0002_harmless", "CREATE TABLE likes (id int);")
    repo.migration("0003_away", "ALTER TABLE posts RENAME title TO name;")
    repo.migration("0004_again", "ALTER TABLE posts RENAME name TO label;")
    assert told(run(repo))["GM602"] == [
        'src/api.py:7 does not run since 0003_away: column "title" of relation "posts" does not exist'
    ]


def test_code_that_follows_leaves_the_deployed_one(repo: Sandbox) -> None:
    repo.migration("0002_body", RENAME)
    repo.write("src/api.py", API.replace("SELECT contents FROM comments WHERE", "SELECT body FROM comments WHERE"))
    assert told(run(repo, "rollback")) == {
        "GM601": ["src/api.py:8 still reads comments.contents"],  # its table is known to nobody
        "GM602": ['src/api.py:5 does not run since 0002_body: column "contents" does not exist'],
        "GM603": ['the deployed src/api.py:2 does not run once 0002_body has run: column "contents" does not exist'],
        "GM605": ['src/api.py:2 does not run on the base\'s schema: column "body" does not exist'],
    }
    assert "GM605" not in told(run(repo))


def test_new_code_of_the_base_meets_the_branch(repo: Sandbox) -> None:
    """Neither side has both; git merges them without a conflict."""
    repo.migration("0002_name", "ALTER TABLE posts RENAME title TO name;")
    repo.write("src/api.py", API.replace("INSERT INTO posts (title)", "INSERT INTO posts (name)"))
    repo.commit("name")
    repo.git("switch", "--quiet", "main")
    repo.write("src/list.py", 'db.all("SELECT title FROM posts")\n')
    repo.commit("list")
    repo.git("switch", "--quiet", "feature")
    assert told(run(repo))["GM602"] == [
        'src/list.py:1 does not run since 0002_name: column "title" does not exist',
    ]


def test_the_bases_migration_meets_new_code_of_the_branch(repo: Sandbox) -> None:
    repo.write("src/list.py", 'db.all("SELECT title FROM posts")\n')
    repo.commit("list")
    repo.git("switch", "--quiet", "main")
    repo.migration("0002_name", "ALTER TABLE posts RENAME title TO name;")
    repo.write("src/api.py", API.replace("INSERT INTO posts (title)", "INSERT INTO posts (name)"))
    repo.commit("name")
    repo.git("switch", "--quiet", "feature")
    assert told(run(repo)) == {"GM602": ['src/list.py:1 does not run after the merge: column "title" does not exist']}


def test_what_is_known_is_not_tried_again(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.migration("0002_body", RENAME)
    before = told(run(repo))
    repo.write("README.md", "SELECT contents FROM comments\n")
    repo.write("docs/a.py", "# nothing\n")
    with monkeypatch.context() as nobody_builds:
        nobody_builds.setattr("gitmig.project.proof.founded_scratch", None)
        assert told(run(repo)) == before
    repo.write("src/more.py", 'db.all("SELECT slug FROM comments")\n')
    found = run(repo)
    assert found.clients is not None
    assert (told(found), found.clients.files, found.clients.tried) == (before, 2, 6)


def test_without_a_server_what_is_new_cannot_be_decided(repo: Sandbox) -> None:
    repo.migration("0002_body", RENAME)
    with pytest.raises(GitmigError):
        run(repo, url=NOWHERE)
    assert "GM602" not in told(run(repo, True, url=NOWHERE))


def test_words_are_looked_for_where_nothing_is_known(repo: Sandbox) -> None:
    """Each line is told once, by what knows most of it."""
    repo.migration("0002_body", RENAME)
    repo.write("src/models.py", "class Comment(Base):\n    __tablename__ = 'comments'\n    contents = Column(Text)\n")
    repo.commit("body")
    found, words = told(run(repo, True, prove=True)), told(run(repo, "words", prove=True))
    assert len(found["GM602"]) == 2
    assert [message for message in found["GM601"] if message.startswith("src/models.py:3 ")]
    assert not [message for message in found["GM601"] if message.startswith(("src/api.py:2 ", "src/api.py:5 "))]
    assert words.keys() == {"GM601"}
    assert [message for message in words["GM601"] if message.startswith("src/api.py:2 ")]
    assert told(run(repo, False, prove=True)) == {}


def test_a_migration_that_does_not_run_leaves_the_code_untried(repo: Sandbox) -> None:
    repo.migration("0002_body", f"{RENAME} SELECT nothing FROM nowhere;")
    found = run(repo, True, prove=True)
    assert found.clients is not None
    assert found.clients.failure is not None
    assert found.clients.failure.label == "0002_body"
    assert "GM602" not in told(found)


def test_files_that_are_not_the_programs_are_left_out(repo: Sandbox) -> None:
    repo.migration("0002_body", RENAME)
    repo.write("gitmig.toml", 'clients_ignore = ["src/**"]\n')
    repo.write("db/migrate/001.py", API)
    repo.write("dump.sql", "SELECT contents FROM comments;\n" * 40_000)
    found = run(repo)
    assert found.clients is not None
    assert (told(found), found.clients.files) == ({}, 0)


@pytest.mark.parametrize("code", ["GM602", "GM603", "GM604", "GM605"])
def test_the_examples_of_the_rules_are_true(
    code: str, make_sandbox: Callable[..., Sandbox], database: Database
) -> None:
    def found(name: str, example: Example) -> dict[str, list[str]]:
        made = make_sandbox(name, url=database.url)
        made.migration("0001_comments", "CREATE TABLE comments (contents text);")
        _write(made, example.base)
        made.commit("comments")
        made.git("switch", "--quiet", "--create", "feature")
        _write(made, example.ours)
        made.commit("ours")
        return told(run(made, "rollback"))

    rule = RULES[code]
    assert rule.harmless is not None
    assert code in found("conflict", rule.conflict)
    assert code not in found("harmless", rule.harmless)


def _write(made: Sandbox, files: object) -> None:
    for name, text in files.items() if isinstance(files, dict) else ():
        if name.endswith(".sql"):
            made.migration(name.removesuffix(".sql"), text)
        else:
            made.write(name, f"{text}\n")
