"""Alembic's revisions are read from the files of any commit as alembic itself reads them, and nothing is run."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import UsageError
from gitmig.migrations.layouts import detect, layouts
from tests.migrations.layouts.trees import Tree

if TYPE_CHECKING:
    from pathlib import Path

INI = "[alembic]\nscript_location = %(here)s/db\nsqlalchemy.url = postgresql://a:50%%@localhost/x\n"
ENV = "raise AssertionError('nobody runs this')\n"


def revision(own: str, down: object = None, *more: str, doc: str = "a change") -> str:
    lines = [f'"""{doc}"""', "from alembic import op", f"revision = {own!r}", f"down_revision = {down!r}", *more]
    return "\n".join([*lines, "def upgrade(): op.execute('SELECT 1')", "def downgrade(): op.execute('SELECT 2')", ""])


def tree(texts: dict[str, str], ini: str = INI, folder: str = ".") -> Tree:
    return Tree({"alembic.ini": ini, "db/env.py": ENV, **texts}, folder)


LINE = {"db/versions/b_two.py": revision("b", "a"), "db/versions/a_one.py": revision("a")}
BRANCHED = {
    **LINE,
    "db/versions/3_left.py": revision("3", "b"),
    "db/versions/5_right.py": revision("5", "b", "depends_on = 'labelled'"),
    "db/versions/7_merge.py": revision("7", ("5", "3")),
    "db/versions/9_head.py": revision("9", "7"),
    "db/versions/8_head.py": revision("8", "7"),
    "db/versions/0_other_line.py": revision("0", None, "branch_labels = ('labelled',)"),
}


def alembics(top: Path) -> list[str]:
    """The order in which alembic itself upgrades to all heads, and what it calls the heads."""
    pytest.importorskip("alembic")
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = ScriptDirectory.from_config(Config(str(top / "alembic.ini")))
        return [one.revision for one in script.iterate_revisions("heads", (), implicit_base=True)][::-1]


@pytest.mark.parametrize("texts", [LINE, BRANCHED], ids=["one line", "branches, a merge, two heads, a dependency"])
def test_the_order_is_alembics(texts: dict[str, str], tmp_path: Path) -> None:
    found = tree(texts)
    assert found.versions("alembic") == alembics(found.write(tmp_path))


@pytest.mark.parametrize(
    ("ini", "places"),
    [
        ("script_location = db", ["db/versions"]),
        ("script_location = db\nversion_locations = %(here)s/one db/versions", ["one", "db/versions"]),
        ("script_location = db\npath_separator = newline\nversion_locations =\n  one\n  two", ["one", "two"]),
        ("script_location = db\nversion_path_separator = os\nversion_locations = two:one", ["two", "one"]),
        ("script_location = db\nversion_path_separator = space\nversion_locations = two one", ["two", "one"]),
        ("script_location = db\nrecursive_version_locations = true", ["db/versions", "db/versions/b", "db/versions/a"]),
    ],
)
def test_revisions_lie_where_the_settings_say(
    ini: str, places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {f"{place}/{k}_x.py": revision(str(k), None) for k, place in enumerate(places)}
    found = tree(texts | {"elsewhere/versions/z.py": revision("z")}, f"[alembic]\n{ini}\n")
    assert sorted(found.versions("alembic")) == [str(k) for k in range(len(places))]
    monkeypatch.chdir(found.write(tmp_path))  # script_location is relative to it
    assert found.versions("alembic") == alembics(tmp_path)


def test_a_package_is_a_place(tmp_path: Path) -> None:
    found = tree(
        {"src/app/db/migrations/versions/a.py": revision("a")}, "[alembic]\nscript_location = app.db:migrations\n"
    )
    assert found.versions("alembic") == ["a"]


def test_pyproject_may_say_it() -> None:
    toml = '[tool.alembic]\nscript_location = "%(here)s/db"\nversion_locations = ["%(here)s/db/v1", "db/v2"]\n'
    texts = {"pyproject.toml": toml, "db/v1/b.py": revision("b"), "db/v2/a.py": revision("a")}
    assert Tree(texts).versions("alembic") == ["a", "b"]  # as alembic walks: the last tip it lists is run first
    ini = "[alembic]\nscript_location = db\nversion_locations = db/v2\n"
    assert Tree(texts | {"alembic.ini": ini}).versions("alembic") == ["a"]


def test_a_project_may_lie_deeper_in_the_repository() -> None:
    assert Tree({f"backend/{path}": text for path, text in tree(LINE).texts.items()}).versions("alembic") == ["a", "b"]


@pytest.mark.parametrize("folder", ["db", "db/versions"])
def test_the_folder_may_be_that_of_the_scripts_or_of_the_revisions(folder: str) -> None:
    assert tree(LINE, folder=folder).versions("alembic") == ["a", "b"]


def test_a_migration_knows_its_ancestry() -> None:
    found = {str(one.version): one for one in tree(BRANCHED).migrations("alembic")}
    ancestry = {key: one.ancestry for key, one in found.items()}
    assert all(one and one.line == "" and one.replaces == () for one in ancestry.values())
    assert ancestry["7"]
    assert ancestry["7"].follows == ("5", "3")
    assert ancestry["5"]
    assert (ancestry["5"].follows, ancestry["5"].needs) == (("b",), ("0",))  # the label's revision


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("ae10_create_comments.py", "ae10_create_comments"),
        ("2026_01_02_1200-ae10_create_comments.py", "ae10_create_comments"),
        ("create_comments_ae10.py", "ae10_create_comments"),
        ("ae10.py", "ae10"),
        ("create_comments.py", "ae10_create_comments"),
    ],
)
def test_a_migration_is_named_by_its_revision_and_its_file(file: str, label: str) -> None:
    (one,) = tree({f"db/versions/{file}": revision("ae10")}).migrations("alembic")
    assert one.label == label


@pytest.mark.parametrize(
    "head",
    [
        'revision: str = "b"\ndown_revision: Union[str, None] = "a"\nbranch_labels: Union[str, None] = None',
        'revision = "b"\ndown_revision = ("a",)',
        'revision = "b"\ndown_revision = ["a"]',
        'BEFORE = "a"\nrevision, down_revision = "b", BEFORE',
        'revision = "old"\nrevision = "" "b"\ndown_revision = f"{\'a\'}"',
        'PARTS = ["a"]\nrevision = own = "b"\ndown_revision = (*PARTS,)',
        "'''\\d is no escape'''\nrevision = 'b'\ndown_revision = 'a'",
    ],
)
def test_the_ids_may_be_written_in_many_ways(head: str) -> None:
    found = tree({"db/versions/a.py": revision("a"), "db/versions/b.py": f"{head}\ndef upgrade(): pass\n"})
    assert found.versions("alembic") == ["a", "b"]


def test_the_file_name_may_be_the_revision() -> None:
    assert tree({"db/versions/ae10.py": "down_revision = None\n"}).versions("alembic") == ["ae10"]


def test_what_is_no_revision_is_left_alone() -> None:
    more = {f"db/versions/{name}": "x = 1\n" for name in ("__init__.py", ".#a.py", "README", "a.pyc", "below/b.py")}
    assert tree({**LINE, **more}).versions("alembic") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('revision = "x"\ndown_revision = before()\n', 2, "down_revision is no constant"),
        ('revision = "x"\ndown_revision = 7\n', 2, "down_revision is no constant"),
        ("revision = revision\ndown_revision = None\n", 1, "revision is no constant"),
        ("x = 1\n", None, "assigns no revision"),
        ('revision = "x"\n', None, "assigns no down_revision"),
        ('if True:\n    revision = "b"\n', None, "assigns no revision"),
        ('revision = "x"\ndown_revision = "gone"\n', None, "comes after revision gone, which is not there"),
        ('revision = "a"\ndown_revision = None\n', None, "is the same revision as db/versions/a_one.py"),
    ],
)
def test_what_cannot_be_told_is_a_problem_of_the_file(text: str, line: int | None, message: str) -> None:
    path = "db/versions/x_three.py"
    assert tree({**LINE, path: text}).problems("alembic") == [(f"{path}:{line}" if line else path, message)]


def test_a_file_of_a_newer_python_is_a_problem() -> None:
    ((place, message),) = tree({"db/versions/c.py": "x = 1\ntype = lambda: 1 +\n"}).problems("alembic")
    assert place == "db/versions/c.py:2"
    assert message.startswith("is not Python 3.")


@pytest.mark.parametrize(
    "text",
    [
        'revision = "b"\ndef before(): return "z"\ndown_revision = "a"\n',
        '"""\ndef upgrade(): revision\n"""\nrevision = "b"\ndown_revision = "a"\n',
        'revision = "b"\ndown_revision = (\n"a",\n)\nclass A:\n    revision = "z"\n',
        'revision = "b"\ndown_revision = "a"\ndef upgrade():\n    type = lambda: 1 +\n',  # of a Python to come
        'revision = "z"\ndown_revision = "a"\n@x\ndef f(): pass\nrevision: str = "b"\n',
    ],
)
def test_what_a_revision_does_is_not_looked_at_for_the_order(text: str) -> None:
    assert tree({"db/versions/a.py": revision("a"), "db/versions/b.py": text}).versions("alembic") == ["a", "b"]


def test_a_cycle_is_a_problem() -> None:
    texts = {"db/versions/a.py": revision("a", "b"), "db/versions/b.py": revision("b", "a")}
    assert tree(texts).problems("alembic") == [("db/versions/a.py", "comes after itself: a → b → a")]


@pytest.mark.parametrize(
    "ini",
    [
        "no section\n",
        "[alembic]\n",
        "[alembic]\nscript_location = %(nowhere)s/db\n",
        "[alembic]\nscript_location = db\nversion_locations = a\npath_separator = |\n",
    ],
)
def test_settings_that_alembic_does_not_take_are_a_problem(ini: str) -> None:
    ((place, message),) = tree(LINE, ini).problems("alembic")
    assert place == "alembic.ini"
    assert message.startswith("tells no place of revisions: ")


UP = "def upgrade():\n    op.execute('x')\n"


@pytest.mark.parametrize(
    ("functions", "has_down"),
    [
        (f"{UP}def downgrade():\n    op.execute('y')\n", True),
        (f"{UP}def downgrade():\n    '''No way.'''\n    pass\n", False),
        (f"{UP}def downgrade():\n    return None\n", False),
        (f"{UP}def downgrade():\n    '''No way.'''\n    raise NotImplementedError()\n", False),
        (UP, False),
        (f"{UP}from other import downgrade\n", True),
        ("def upgrade():\n    pass\ndef downgrade():\n    pass\n", True),
        ("from other import upgrade\ndef downgrade():\n    pass\n", False),
    ],
)
def test_a_down_is_what_takes_back_something(functions: str, has_down: bool) -> None:
    text = f"revision = 'a'\ndown_revision = None\n{functions}"
    content = tree({"db/versions/a.py": text}).content("alembic", "a")
    assert content.up.text == text
    assert content.up.transactional
    assert (content.down is not None) == has_down


def test_an_autocommit_block_is_for_the_outside() -> None:
    up = "def upgrade():\n    with op.get_context().autocommit_block():\n        op.execute('x')\n"
    text = f"revision = 'a'\ndown_revision = None\n{up}def downgrade():\n    op.execute('y')\n"
    content = tree({"db/versions/a.py": text}).content("alembic", "a")
    assert content.down
    assert (content.up.transactional, content.down.transactional) == (False, True)


def test_alembic_writes_its_own_files() -> None:
    with pytest.raises(UsageError, match="the migrations are Alembic's"):
        layouts()["alembic"].render("", "a", "", None)


@pytest.mark.parametrize("folder", [".", "db", "db/versions"])
def test_the_layout_is_detected(folder: str) -> None:
    found = tree({**LINE, "seeds/1.sql": "SELECT 1;"}, folder=folder)
    assert detect(found.files, {}, found.read) == "alembic"


def test_sql_with_a_script_beside_it_is_no_project_of_alembics() -> None:
    found = Tree({"m/0001_a.sql": "-- migrate:up\nSELECT 1;", "m/make.py": "print()"}, "m")
    assert detect(found.files, found.texts, found.read) == "single"
