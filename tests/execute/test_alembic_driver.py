"""A project of Alembic, one revision at a time: what alembic finds afterwards, and that it can all be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gitmig
from gitmig.migrations.layouts import layouts
from tests.migrations.layouts.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database

    Driver = Callable[..., str]

pytest.importorskip("alembic")
pytestmark = pytest.mark.usefixtures("warm")

DRIVER = Path(gitmig.__file__).parent / "execute" / "drivers" / "alembic_driver.py"
INI = """\
[alembic]
script_location = %(here)s/db
path_separator = os
sqlalchemy.url = postgresql+psycopg://nobody@nowhere/none
"""
ENV = """\
from alembic import context
from sqlalchemy import MetaData, create_engine, pool

assert context.get_x_argument() == []
if context.is_offline_mode():
    context.configure(url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData(), transaction_per_migration=PER_MIGRATION)
        with context.begin_transaction():
            context.run_migrations()
"""


def revision(own: str, down: object = None, more: str = "", up: str | None = None, downgrade: str | None = None) -> str:
    up = up or f"op.execute('CREATE TABLE t_{own} (id int)')"
    downgrade = downgrade or f"op.execute('DROP TABLE t_{own}')"
    head = f"from alembic import op\nrevision = {own!r}\ndown_revision = {down!r}\n{more}\n"
    return f"{head}def upgrade():\n    {up}\ndef downgrade():\n    {downgrade}\n"


CONCURRENTLY = (
    "exec(\"with op.get_context().autocommit_block(): op.execute('CREATE INDEX CONCURRENTLY i ON t_a (id)')\")"
)
TEXTS = {
    "a_root": revision("a"),
    "b_left": revision("b", "a"),
    "c_right": revision("c", "a"),
    "d_merge": revision("d", ("b", "c"), up="pass", downgrade="pass"),
    "e_head": revision("e", "d"),
    "f_head": revision("f", "d", up=CONCURRENTLY, downgrade='op.execute("DROP INDEX i")'),
    "x_other": revision("x", None, "branch_labels = ('other',)"),
    "y_other": revision("y", "x", "depends_on = ('b',)"),
}


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Tree:
    texts = {f"db/versions/{name}.py": text for name, text in TEXTS.items()}
    env = ENV.replace("PER_MIGRATION", repr(getattr(request, "param", False)))
    found = Tree({"alembic.ini": INI, "db/env.py": env, "db/script.py.mako": "", **texts})
    found.write(tmp_path)
    return found


@pytest.fixture
def drive(project: Tree, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Run the driver; what it prints, or what it says when it refuses."""
    monkeypatch.setenv("DATABASE_URL", database.url)

    def run(*words: str, status: int = 0) -> str:
        call = [sys.executable, str(DRIVER), *words]
        done = subprocess.run(call, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stderr.strip() if status else done.stdout

    return run


@pytest.fixture
def alembic(tmp_path: Path, database: Database) -> Driver:
    """Alembic's own command, which a person gives by hand."""
    url = database.url.replace("postgresql:", "postgresql+psycopg:").replace("%", "%%")
    ini = INI.replace("postgresql+psycopg://nobody@nowhere/none", url)

    def run(*words: str) -> str:
        (tmp_path / "by_hand.ini").write_text(ini)
        call = [sys.executable, "-m", "alembic", "-c", "by_hand.ini", *words]
        return subprocess.run(call, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    return run


def tables(database: Database) -> list[object]:
    return [name for (name,) in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]


def heads(database: Database) -> list[object]:
    return [name for (name,) in database.rows("SELECT version_num FROM alembic_version ORDER BY 1")]


@pytest.mark.parametrize("project", [False, True], ids=["one transaction", "a transaction each"], indirect=True)
def test_every_revision_up_and_down_again(project: Tree, drive: Driver, alembic: Driver, database: Database) -> None:
    """In the order of the layout: branches, a merge, two heads, another line, and a dependency across."""
    order = project.versions("alembic")
    states = [tables(database)]
    for version in order:
        drive("up", version)
        states.append(tables(database))
    assert heads(database) == ["e", "f", "y"]
    assert sorted(alembic("current").split()) == sorted(["e", "(head)", "f", "(head)", "y", "(head)"])
    assert alembic("upgrade", "heads") == ""
    for version in reversed(order):
        assert tables(database) == states.pop()
        drive("down", version)
    assert tables(database) == states.pop() == []


def test_the_tables_are_those_that_alembic_makes(
    project: Tree, drive: Driver, alembic: Driver, database: Database
) -> None:
    alembic("upgrade", "heads")
    made, stamped = tables(database), heads(database)
    for version in reversed(project.versions("alembic")):
        drive("down", version)
    for version in project.versions("alembic"):
        drive("up", version)
    assert (tables(database), heads(database)) == (made, stamped)


def test_a_branch_goes_up_and_down_by_itself(drive: Driver, database: Database) -> None:
    for version in ("a", "c", "b", "d"):
        drive("up", version)
    assert heads(database) == ["d"]
    drive("down", "d")
    assert heads(database) == ["b", "c"]
    drive("down", "c")
    assert heads(database) == ["b"]
    assert tables(database) == ["alembic_version", "t_a", "t_b"]


def test_what_is_not_next_is_refused_and_nothing_is_done(drive: Driver, database: Database) -> None:
    assert drive("up", "b", status=3) == "revision b cannot run: a, after which it comes, is not applied"
    assert drive("down", "a", status=3) == "revision a is not applied"
    drive("up", "a")
    assert drive("up", "a", status=3) == "revision a is applied already"
    drive("up", "b")
    assert drive("down", "a", status=3) == "revision a cannot be taken back: b is applied, and comes after it"
    drive("up", "x")
    drive("up", "y")
    assert drive("down", "b", status=3) == "revision b cannot be taken back: y is applied, and comes after it"
    assert tables(database) == ["alembic_version", "t_a", "t_b", "t_x", "t_y"]


def test_a_step_that_fails_leaves_nothing_behind(
    project: Tree, drive: Driver, database: Database, tmp_path: Path
) -> None:
    drive("up", "a")
    (tmp_path / "db/versions/b_left.py").write_text(
        revision("b", "a", up='op.execute("CREATE TABLE t_b (); nonsense")')
    )
    assert 'syntax error at or near "nonsense"' in drive("up", "b", status=1)
    assert (tables(database), heads(database)) == (["alembic_version", "t_a"], ["a"])


def test_a_revision_can_be_noted_without_running(drive: Driver, database: Database) -> None:
    drive("up", "a", "--fake")
    assert (tables(database), heads(database)) == (["alembic_version"], ["a"])
    drive("down", "a", "--fake")
    assert tables(database) == []


def test_the_sql_is_that_of_one_revision(drive: Driver, database: Database) -> None:
    assert "CREATE TABLE t_b (id int);" in drive("up", "b", "--sql")
    assert "DROP TABLE t_b;" in drive("down", "b", "--sql")
    assert "t_a" not in drive("up", "b", "--sql")
    assert "VALUES ('a')" in drive("up", "a", "--sql")
    assert "SET version_num='d'" in drive("up", "d", "--sql")
    assert tables(database) == []


def test_a_project_in_pyproject(project: Tree, drive: Driver, database: Database, tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").unlink()
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/db"\n')
    drive("up", "a")
    assert tables(database) == ["alembic_version", "t_a"]


def test_the_projects_own_dialect_stays() -> None:
    code = f"""if True:
        import sys
        sys.path.insert(0, {str(DRIVER.parent)!r})
        from alembic_driver import sqlalchemy_url
        url = "postgresql://u:p%40@/db?host=/tmp/s&port=5433&application_name=x"
        print(sqlalchemy_url(url, "postgresql+asyncpg://a@b/c"))
        print(sqlalchemy_url(url, "postgresql+psycopg2://a@b/c"))
        print(sqlalchemy_url("postgresql://h/db", "driver://user:pass@localhost/dbname"))
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split()[:2] == [
        "postgresql+asyncpg://u:p%40@/db?host=%2Ftmp%2Fs&port=5433",
        "postgresql+psycopg2://u:p%40@/db?host=%2Ftmp%2Fs&port=5433&application_name=x",
    ]
    assert done.stdout.split()[2].startswith("postgresql+psycopg")


def test_every_layouts_driver_is_there() -> None:
    tools = [name for name, layout in layouts().items() if layout.is_graph]
    assert sorted(path.name for path in DRIVER.parent.glob("*_driver.py")) == sorted(
        f"{tool}_driver.py" for tool in tools
    )
