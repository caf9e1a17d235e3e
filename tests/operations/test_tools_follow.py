"""Alembic and Django projects follow the checkout through their own tools, and find their tables right afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gitmig.errors import GitmigError
from gitmig.project.comparison import compare_sides
from gitmig.project.project import Project
from tests.operations.conftest import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

pytest.importorskip("alembic")
pytest.importorskip("django")

ENV = """\
from alembic import context
from sqlalchemy import MetaData, create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData())
        with context.begin_transaction():
            context.run_migrations()
"""
ALEMBIC = """\
from alembic import op
import sqlalchemy as sa
revision = {own!r}
down_revision = {down!r}
def upgrade():
    {up}
def downgrade():
    {back}
"""
MANAGE = """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
SETTINGS = """\
import os
INSTALLED_APPS = ["django.contrib.contenttypes", "polls"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"}}
SECRET_KEY = "x"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
DJANGO = """\
from django.db import migrations, models
def nothing(apps, schema_editor): pass
class Migration(migrations.Migration):
    dependencies = {down!r}
    operations = [{operations}]
"""
# What each step of the two projects does, in the words of its tool; the second has no way back of its own.
STEPS: dict[str, dict[str, Any]] = {
    "alembic": {
        "a": (
            None,
            "op.create_table('polls_poll', sa.Column('id', sa.Integer, primary_key=True))",
            "op.drop_table('polls_poll')",
        ),
        "b": ("a", "op.add_column('polls_poll', sa.Column('title', sa.Text))", "raise NotImplementedError"),
        "c": (
            "b",
            "op.add_column('polls_poll', sa.Column('votes', sa.Integer))",
            "op.drop_column('polls_poll', 'votes')",
        ),
    },
    "django": {
        "0001_a": ([], "migrations.CreateModel('Poll', [('id', models.BigAutoField(primary_key=True))])"),
        "0002_b": (
            [("polls", "0001_a")],
            "migrations.AddField('poll', 'title', models.TextField(null=True)), migrations.RunPython(nothing)",
        ),
        "0003_c": ([("polls", "0002_b")], "migrations.AddField('poll', 'votes', models.IntegerField(null=True))"),
    },
}


@pytest.fixture(params=["alembic", "django"])
def tool(request: pytest.FixtureRequest, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project with its first step in the work tree."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    name = str(request.param)
    sandbox.write("gitmig.toml", f'folder = "."\nlayout = "{name}"\n')
    url = "postgresql+psycopg://x@y/z"
    sandbox.write("alembic.ini", f"[alembic]\nscript_location = %(here)s/db\nsqlalchemy.url = {url}\n")
    sandbox.write("db/env.py", ENV)
    sandbox.write("manage.py", MANAGE)
    sandbox.write("settings.py", SETTINGS)
    sandbox.write("polls/__init__.py", "")
    sandbox.write("polls/models.py", "")
    sandbox.write("polls/migrations/__init__.py", "")
    add(sandbox, name, 0)
    return name


def add(sandbox: Sandbox, tool: str, place: int) -> str:
    """Write one of the steps; returns its path."""
    own, step = list(STEPS[tool].items())[place]
    if tool == "alembic":
        down, up, back = step
        path, text = f"db/versions/{own}_.py", ALEMBIC.format(own=own, down=down, up=up, back=back)
    else:
        down, operations = step
        path, text = f"polls/migrations/{own}.py", DJANGO.format(down=down, operations=operations)
    sandbox.write(path, text)
    return path


def applied(database: Database, tool: str) -> list[str]:
    """What the tool itself would find applied."""
    if tool == "alembic":
        return [str(one) for (one,) in database.rows("SELECT version_num FROM alembic_version")]
    rows = database.rows("SELECT name FROM django_migrations WHERE app = 'polls' ORDER BY id")
    return [str(one) for (one,) in rows]


def test_there_and_back_with_rows_and_a_way_back_that_is_computed(
    sandbox: Sandbox, database: Database, run_sync: Sync, tool: str
) -> None:
    first = applied_label(tool, 0)
    assert run_sync() == [f"+ {first}"]
    database.rows("INSERT INTO polls_poll VALUES (1), (2)")
    later = [add(sandbox, tool, 1), add(sandbox, tool, 2)]
    assert run_sync() == [f"+ {applied_label(tool, place)}" for place in (1, 2)]
    assert applied(database, tool)[-1] == list(STEPS[tool])[2]
    database.rows("UPDATE polls_poll SET title = 'one', votes = 7 WHERE id = 1")
    texts = [(sandbox.root / path).read_text() for path in later]
    for path in later:
        (sandbox.root / path).unlink()
    assert run_sync() == [f"- {applied_label(tool, place)}" for place in (2, 1)]
    assert database.columns("polls_poll") == ["id"]
    assert applied(database, tool)[-1] == next(iter(STEPS[tool]))
    ways = database.rows("SELECT way FROM gitmig.history WHERE action = 'revert' ORDER BY id")
    assert [way for (way,) in ways] == [None, "computed"]
    database.rows("INSERT INTO polls_poll VALUES (3)")
    for path, text in zip(later, texts):
        sandbox.write(path, text)
    run_sync()
    assert database.rows("SELECT id, title, votes FROM polls_poll ORDER BY id") == [
        (1, "one", 7),
        (2, None, None),
        (3, None, None),
    ]
    assert applied(database, tool)[-1] == list(STEPS[tool])[2]


def applied_label(tool: str, place: int) -> str:
    own = list(STEPS[tool])[place]
    return own if tool == "alembic" else f"polls.{own}"


def test_all_the_way_back_leaves_nothing(sandbox: Sandbox, database: Database, run_sync: Sync, tool: str) -> None:
    sandbox.commit("one")
    run_sync()
    assert database.tables() != []
    path = f"{'db/versions/a_' if tool == 'alembic' else 'polls/migrations/0001_a'}.py"
    (sandbox.root / path).unlink()
    run_sync()
    assert database.tables() == []


def test_check_sees_what_an_approved_migration_does(
    sandbox: Sandbox, database: Database, run_sync: Sync, tool: str
) -> None:
    run_sync()
    sandbox.commit("one")
    for branch, change in (("ours", "drop"), ("theirs", "column")):
        sandbox.git("switch", "--quiet", "-c", branch, "main")
        write_conflict(sandbox, tool, branch, change)
        sandbox.commit(branch)
        sandbox.gitmig("trust", "--yes")
    found = compare_sides(Project.load(sandbox.root, database.url), "ours").findings
    codes = {finding.code for finding in found}
    assert "GM401" not in codes  # nothing is hidden
    assert codes & {"GM201", "GM202", "GM203", "GM204", "GM205"}, [(one.code, one.message) for one in found]


def write_conflict(sandbox: Sandbox, tool: str, branch: str, change: str) -> None:
    if tool == "alembic":
        up = {
            "drop": "op.drop_table('polls_poll')",
            "column": "op.add_column('polls_poll', sa.Column('x', sa.Integer))",
        }
        text = ALEMBIC.format(own=branch, down="a", up=up[change], back="raise NotImplementedError")
        sandbox.write(f"db/versions/{branch}_.py", text)
        return
    operations = {
        "drop": "migrations.DeleteModel('Poll')",
        "column": "migrations.AddField('poll', 'x', models.IntegerField(null=True))",
    }
    text = DJANGO.format(down=[("polls", "0001_a")], operations=operations[change])
    sandbox.write(f"polls/migrations/0002_{branch}.py", text)


def test_nothing_runs_that_was_not_approved(database: Database, run_sync: Sync, tool: str) -> None:
    with pytest.raises(GitmigError, match="nothing was run"):
        run_sync(decisions=Answers(agree=False))
    assert (database.tables(), tool in STEPS) == ([], True)


def test_what_the_tool_has_applied_is_adopted(sandbox: Sandbox, database: Database, run_sync: Sync, tool: str) -> None:
    add(sandbox, tool, 1)
    sandbox.commit("one")
    run_sync()
    database.rows("DROP SCHEMA gitmig, gitmig_kept CASCADE; INSERT INTO polls_poll VALUES (1, 'one')")
    sandbox.gitmig_here("adopt", "--yes")
    assert database.rows("SELECT version FROM gitmig.applied ORDER BY position") == [
        (applied_label(tool, 0),),
        (applied_label(tool, 1),),
    ]
    add(sandbox, tool, 2)
    assert run_sync() == [f"+ {applied_label(tool, 2)}"]
    assert database.rows("SELECT id, title FROM polls_poll") == [(1, "one")]


def add_another_line(sandbox: Sandbox, tool: str) -> str:
    """A step that needs nothing of the others, and that nobody needs; returns its label."""
    if tool == "alembic":
        up = "op.create_table('votes', sa.Column('id', sa.Integer, primary_key=True))"
        text = ALEMBIC.format(own="z", down=None, up=up, back="op.drop_table('votes')")
        sandbox.write("db/versions/z_.py", text)
        return "z"
    sandbox.write("votes/__init__.py", "")
    sandbox.write("votes/models.py", "")
    sandbox.write("votes/migrations/__init__.py", "")
    sandbox.write("settings.py", SETTINGS.replace('"polls"', '"polls", "votes"'))
    operation = "migrations.CreateModel('Vote', [('id', models.BigAutoField(primary_key=True))])"
    sandbox.write("votes/migrations/0001_z.py", DJANGO.format(down=[], operations=operation))
    return "votes.0001_z"


@pytest.mark.each_choice
@pytest.mark.parametrize("goes_first", [True, False])
def test_what_nobody_needs_goes_and_comes_alone(
    sandbox: Sandbox, database: Database, run_sync: Sync, tool: str, goes_first: bool
) -> None:
    """Whichever of the two happens to stand above the other one in the ledger."""
    if goes_first:
        other = add_another_line(sandbox, tool)
        run_sync()
        path = add(sandbox, tool, 1)
        run_sync()
    else:
        path = add(sandbox, tool, 1)
        run_sync()
        other = add_another_line(sandbox, tool)
        run_sync()
    database.rows("INSERT INTO polls_poll VALUES (1, 'one')")
    text = (sandbox.root / path).read_text()
    (sandbox.root / path).unlink()
    assert run_sync() == [f"- {applied_label(tool, 1)}"]
    assert database.columns("polls_poll") == ["id"]
    stack = [version for (version,) in database.rows("SELECT version FROM gitmig.applied ORDER BY position")]
    assert sorted(map(str, stack)) == sorted([applied_label(tool, 0), other])
    sandbox.write(path, text)
    assert run_sync() == [f"+ {applied_label(tool, 1)}"]
    assert database.rows("TABLE polls_poll") == [(1, "one")]
    assert run_sync() == []
