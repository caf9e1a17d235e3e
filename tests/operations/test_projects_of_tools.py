"""Projects of Alembic and Django in a real repository: which set a commit has, and two heads before they are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import UsageError
from gitmig.operations.new import new
from gitmig.operations.renumber import renumber
from gitmig.project.comparison import compare_sides
from gitmig.project.project import Project
from gitmig.project.target import load_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox

ALEMBIC = "revision = {own!r}\ndown_revision = {down!r}\ndef upgrade(): pass\n"
DJANGO = "class Migration(migrations.Migration):\n    dependencies = {down}\n    operations = []\n"


def alembic(own: str, down: str | None) -> str:
    return ALEMBIC.format(own=own, down=down)


def django(*down: str) -> str:
    return DJANGO.format(down=[("polls", name) for name in down])


@pytest.fixture
def parted(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """
    main     alembic: a ── c    django: 0001 ── 0002_c
                        ╲                   ╲
    feature               b                   0002_b (checked out)
    """
    sandbox = make_sandbox()
    sandbox.write("gitmig.toml", 'folder = "."\n')
    (sandbox.root / "link").symlink_to("gitmig.toml")
    sandbox.write("alembic.ini", "[alembic]\nscript_location = db\n")
    sandbox.write("db/versions/a_one.py", alembic("a", None))
    sandbox.write("polls/migrations/__init__.py", "")
    sandbox.write("polls/migrations/0001_one.py", django())
    sandbox.commit("one")
    for branch, own in (("feature", "b"), ("main", "c")):
        sandbox.git("switch", "-q", *(["-c"] if branch == "feature" else []), branch)
        sandbox.write(f"db/versions/{own}_two.py", alembic(own, "a"))
        sandbox.write(f"polls/migrations/0002_{own}.py", django("0001_one"))
        sandbox.commit(own)
    sandbox.git("switch", "-q", "feature")
    return sandbox


def project(sandbox: Sandbox, layout: str) -> Project:
    sandbox.git("config", "gitmig.layout", layout)
    return Project.load(sandbox.root)


@pytest.mark.parametrize(
    ("layout", "of_main", "of_work_tree"),
    [
        ("alembic", ["a_one", "c_two"], ["a_one", "b_two", "d"]),
        ("django", ["polls.0001_one", "polls.0002_c"], ["polls.0001_one", "polls.0002_b", "polls.0003_d"]),
    ],
)
def test_every_commit_and_the_work_tree_has_its_set(
    parted: Sandbox, layout: str, of_main: list[str], of_work_tree: list[str]
) -> None:
    found = project(parted, layout)
    parted.write("db/versions/d.py", alembic("d", "b"))
    parted.write("polls/migrations/0003_d.py", django("0002_b"))
    assert [m.label for m in load_target(found, "main").set.migrations] == of_main
    assert [m.label for m in load_target(found).set.migrations] == of_work_tree


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("alembic", "b_two and c_two: both come after a_one, so that there are two heads after the merge"),
        (
            "django",
            "polls.0002_b and polls.0002_c: both come after polls.0001_one, so that app polls has two leaf nodes after "
            "the merge",
        ),
    ],
)
def test_two_heads_are_found_before_the_merge(parted: Sandbox, layout: str, message: str) -> None:
    found = project(parted, layout)
    assert [f.message for f in compare_sides(found).findings if f.code == "GM108"] == [message]


def test_a_merge_that_is_not_committed_yet_settles_it(parted: Sandbox) -> None:
    parted.git("merge", "-q", "--no-commit", "main")
    parted.write("db/versions/m_merge.py", ALEMBIC.format(own="m", down=("b", "c")))
    parted.write("polls/migrations/0003_merge.py", django("0002_b", "0002_c"))
    for layout in ("alembic", "django"):
        findings = compare_sides(project(parted, layout)).findings
        assert [f.message for f in findings if f.code in {"GM108", "GM302"}] == []


@pytest.mark.parametrize("layout", ["alembic", "django"])
def test_the_tool_itself_writes_migrations_and_numbers_none(parted: Sandbox, layout: str) -> None:
    found = project(parted, layout)
    with pytest.raises(UsageError, match="the migrations are"):
        new(found, "create comments")
    with pytest.raises(UsageError, match=f"the migrations of {layout} have no numbers"):
        renumber(found)
