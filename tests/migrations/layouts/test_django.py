"""Django's migrations are read from the files of any commit as Django itself reads them, and nothing is run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import UsageError
from gitmig.migrations.layouts import detect, layouts
from tests.migrations.layouts.trees import Tree

if TYPE_CHECKING:
    from pathlib import Path

CONTRIB = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
# Prints the plan that Django has for a fresh database, and the apps' labels.
PLAN = """
import json, os, sys, django
sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
django.setup()
from django.db.migrations.loader import MigrationLoader
graph = MigrationLoader(None).graph
plan = {}
for leaf in graph.leaf_nodes():
    plan.update(dict.fromkeys(graph.forwards_plan(leaf)))
print(json.dumps([f"{app}.{name}" for app, name in plan]))
"""


def migration(*dependencies: object, body: str = "") -> str:
    listed = ", ".join(one if isinstance(one, str) else repr(one) for one in dependencies)
    head = (
        "from django.conf import settings\nfrom django.db import migrations\nclass Migration(migrations.Migration):\n"
    )
    return f"{head}    dependencies = [{listed}]\n    operations = []\n{body}"


def project(apps: dict[str, dict[str, str]], *contrib: str, more: dict[str, str] | None = None) -> Tree:
    """Apps by their folders, each with its migrations by their names."""
    texts = {
        f"{folder}/migrations/{name}.py": text
        for folder, found in apps.items()
        for name, text in {"__init__": "", **found}.items()
    }
    installed = [*contrib, *(folder.replace("/", ".") for folder in apps)]
    settings = f"INSTALLED_APPS = {installed!r}\nSECRET_KEY = 'x'\nUSE_TZ = True\n"
    return Tree(
        {**{f"{folder}/__init__.py": "" for folder in apps}, "site_settings.py": settings, **texts, **(more or {})}
    )


def djangos(found: Tree, top: Path) -> list[str]:
    """The order in which Django itself migrates a fresh database, without what has no file here."""
    pytest.importorskip("django")
    call = [sys.executable, "-c", PLAN]
    done = subprocess.run(call, cwd=found.write(top), check=True, capture_output=True, text=True)
    mine = set(found.versions("django"))
    return [key for key in json.loads(done.stdout) if key in mine]


USER = "migrations.swappable_dependency(settings.AUTH_USER_MODEL)"
ONE_APP = {"polls": {"0001_initial": migration(), "0002_b": migration(("polls", "0001_initial"))}}
TWO_APPS = {
    "blog": {
        "0001_initial": migration(("auth", "0001_initial")),
        "0002_b": migration(("blog", "0001_initial"), ("shop", "__latest__")),
    },
    "shop": {
        "0001_initial": migration(),
        "0002_left": migration(("shop", "0001_initial")),
        "0003_right": migration(("shop", "0001_initial"), ("blog", "__first__")),
        "0004_merge": migration(("shop", "0002_left"), ("shop", "0003_right")),
    },
    "zoo": {"0001_initial": migration(body="    run_before = [('blog', '0001_initial')]\n")},
}
SQUASHED = {
    "polls": {
        "0001_initial": migration(),
        "0002_b": migration(("polls", "0001_initial"), ("shop", "0001_initial")),
        "0001_squashed": migration(body="    replaces = [('polls', '0001_initial'), ('polls', '0002_b')]\n"),
        "0003_c": migration(("polls", "0002_b")),
    },
    "shop": {"0001_initial": migration(), "0002_b": migration(("polls", "0001_initial"), ("shop", "0001_initial"))},
}
OWN_USERS = {
    "accounts": {"0001_initial": migration(("auth", "0012_alter_user_first_name_max_length"))},
    "a_blog": {
        "0001_initial": migration(USER),
        "0002_b": migration(("a_blog", "0001_initial"), ("accounts", "0001_initial")),
    },
}


@pytest.mark.parametrize("apps", [ONE_APP, TWO_APPS, SQUASHED], ids=["one app", "three apps", "squashed"])
def test_the_order_is_djangos(apps: dict[str, dict[str, str]], tmp_path: Path) -> None:
    found = project(apps, *CONTRIB)
    assert found.versions("django") == djangos(found, tmp_path)


def test_a_fresh_database_gets_the_squashed_one_and_none_that_it_replaces() -> None:
    found = {str(one.version): one.ancestry for one in project(SQUASHED).migrations("django")}
    assert sorted(found) == ["polls.0001_squashed", "polls.0003_c", "shop.0001_initial", "shop.0002_b"]
    squashed, third, other = (found[key] for key in ("polls.0001_squashed", "polls.0003_c", "shop.0002_b"))
    assert squashed
    assert squashed.replaces == ("polls.0001_initial", "polls.0002_b")
    assert squashed.needs == ("shop.0001_initial",)
    assert third
    assert third.follows == ("polls.0001_squashed",)
    assert other
    assert (other.follows, other.needs) == (("shop.0001_initial",), ("polls.0001_squashed",))


def test_what_a_squashed_one_replaces_may_be_gone(tmp_path: Path) -> None:
    polls = {name: text for name, text in SQUASHED["polls"].items() if name in {"0001_squashed", "0003_c"}}
    found = project({**SQUASHED, "polls": polls})
    assert found.versions("django") == djangos(found, tmp_path)


def test_the_projects_own_users_come_first() -> None:
    found = project(OWN_USERS, more={"conf/settings/base.py": "AUTH_USER_MODEL = 'accounts.User'\n"})
    ancestry = {str(one.version): one.ancestry for one in found.migrations("django")}
    assert ancestry["a_blog.0001_initial"]
    assert ancestry["a_blog.0001_initial"].needs == ("accounts.0001_initial",)
    assert found.versions("django") == ["accounts.0001_initial", "a_blog.0001_initial", "a_blog.0002_b"]


def test_djangos_own_users_are_no_members() -> None:
    assert project({"a": {"0001_initial": migration(USER)}}).versions("django") == ["a.0001_initial"]


def test_what_needs_a_package_needs_the_users_that_the_package_refers_to() -> None:
    apps = {**OWN_USERS, "a_blog": {"0001_initial": migration(("admin", "0001_initial"))}}
    more = {"settings.py": "AUTH_USER_MODEL = 'accounts.User'\n"}
    apps["a_blog"]["0002_user"] = migration(("a_blog", "0001_initial"), USER)
    assert project(apps, more=more).versions("django")[0] == "accounts.0001_initial"
    apps["accounts"] = {"0001_initial": migration(("a_blog", "0001_initial"))}
    assert project(apps, more=more).versions("django")[0] == "a_blog.0001_initial"


@pytest.mark.parametrize(
    ("apps_file", "label"),
    [
        ("", "polls"),
        ("class C(AppConfig):\n    name = 'x.polls'\n", "polls"),
        ("class C(AppConfig):\n    name = 'x.polls'\n    label = 'votes'\n", "votes"),
        (
            "class A(AppConfig):\n    label = 'one'\nclass B(AppConfig):\n    label = 'two'\n    default = True\n",
            "two",
        ),
        ("this is no Python", "polls"),
    ],
)
def test_the_label_of_an_app(apps_file: str, label: str) -> None:
    found = project({"x/polls": {"0001_initial": migration()}}, more={"x/polls/apps.py": apps_file})
    (one,) = found.migrations("django")
    assert one.label == f"{label}.0001_initial"
    assert one.ancestry
    assert one.ancestry.line == label


@pytest.mark.parametrize("folder", [".", "x", "x/polls", "x/polls/migrations"])
def test_the_layout_is_detected_from_any_folder(folder: str) -> None:
    found = Tree(project({"x/polls": {"0001_initial": migration()}}).texts, folder)
    assert detect(found.files, {}, found.read) == "django"
    assert found.versions("django") == ["polls.0001_initial"]


def test_modules_that_django_passes_over() -> None:
    more = {
        "polls/migrations/_draft.py": "x",
        "polls/migrations/~a.py": "x",
        "polls/migrations/old/0009_z.py": "x",
        "bare/migrations/0001_initial.py": migration(),  # no package
        "db/migrations/__init__.py": "",
        "db/migrations/env.py": "x = 1\n",  # another tool's
    }
    assert project(ONE_APP, more=more).versions("django") == ["polls.0001_initial", "polls.0002_b"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\n", None, "has no class Migration"),
        (migration("before()"), 4, "names what it comes after by no constant"),
        (migration("settings.X"), 4, "names what it comes after by no constant"),
        (migration(("polls", "0009_gone")), None, "comes after migration polls.0009_gone, which is not there"),
        (migration(("polls", "0003_c")), None, "comes after itself: polls.0003_c → polls.0003_c"),
        (migration(("polls", "0004_d")), None, "comes after itself: polls.0003_c → polls.0004_d → polls.0003_c"),
    ],
)
def test_what_cannot_be_told_is_a_problem_of_the_file(text: str, line: int | None, message: str) -> None:
    more = {"0003_c": text, "0004_d": migration(("polls", "0003_c"))}
    if message == "has no class Migration" or line:
        del more["0004_d"]
    found = project({"polls": {**ONE_APP["polls"], **more}})
    path = "polls/migrations/0003_c.py"
    expected = [(f"{path}:{line}" if line else path, message)]
    assert [said for said in found.problems("django") if said[0].startswith(path)] == expected


@pytest.mark.parametrize(
    "dependencies",
    [
        "dependencies = (('polls', '0001_initial'),)",
        "dependencies = [('polls', '0001_initial')] + []",
        "dependencies: list[tuple[str, str]] = [['polls', FIRST]]",
        "dependencies = LISTED",
        "operations = []\n    dependencies = LISTED",
        "dependencies = LISTED\n    operations = [lambda: 1 +]",  # of a Python to come
    ],
)
def test_dependencies_may_be_written_in_many_ways(dependencies: str) -> None:
    text = (
        f"FIRST = '0001_' + 'initial'\nLISTED = [('polls', FIRST)]\nclass Migration(m.Migration):\n    {dependencies}\n"
    )
    found = project({"polls": {"0001_initial": migration(), "0002_b": text}})
    assert found.versions("django") == ["polls.0001_initial", "polls.0002_b"]
    last = found.migrations("django")[-1].ancestry
    assert last
    assert last.follows == ("polls.0001_initial",)


def operations(*calls: str, more: str = "") -> str:
    listed = ", ".join(calls)
    return f"class Migration(migrations.Migration):\n    operations = [{listed}]\n{more}"


@pytest.mark.parametrize(
    ("text", "has_down"),
    [
        (operations("migrations.CreateModel('A', [])"), True),
        (operations("migrations.RunPython(f)"), False),
        (operations("migrations.RunPython(f, g)"), True),
        (operations("RunPython(f, reverse_code=migrations.RunPython.noop)"), True),
        (operations("migrations.RunSQL('x', reverse_sql=None)"), False),
        (operations("migrations.RunSQL('x', reverse_sql='')"), True),
        (operations("migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL('x')])"), False),
        (operations("migrations.RunSQL(*both)"), True),
        (operations(), True),
    ],
)
def test_a_down_is_what_django_can_reverse(text: str, has_down: bool) -> None:
    content = project({"polls": {"0001_initial": text}}).content("django", "polls.0001_initial")
    assert content.up.transactional
    assert (content.down is not None) == has_down


def test_what_is_not_atomic_is_for_the_outside() -> None:
    text = operations("migrations.RunSQL('x', '')", more="    atomic = False\n")
    content = project({"polls": {"0001_initial": text}}).content("django", "polls.0001_initial")
    assert not content.up.transactional


def test_django_writes_its_own_files() -> None:
    with pytest.raises(UsageError, match="the migrations are Django's"):
        layouts()["django"].render("", "a", "", None)
