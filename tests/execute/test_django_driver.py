"""A project of Django, one migration at a time: what Django finds afterwards, and that it can all be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gitmig
from tests.migrations.layouts.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database

    Driver = Callable[..., str]

pytest.importorskip("django")
pytestmark = pytest.mark.usefixtures("warm")

DRIVER = Path(gitmig.__file__).parent / "execute" / "drivers" / "django_driver.py"
MANAGE = """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
sys.path.insert(0, os.path.join(os.getcwd(), "conf"))
if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
SETTINGS = """\
CONTRIB = [f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages")]
INSTALLED_APPS = [*CONTRIB, "people", "shop"]
AUTH_USER_MODEL = "people.Person"
ENGINE = "django.db.backends.postgresql"
DATABASES = {"default": {"ENGINE": ENGINE, "HOST": "nowhere", "OPTIONS": {"sslmode": "require"}}}
SECRET_KEY = "x"
SILENCED_SYSTEM_CHECKS = [f"admin.E{number}" for number in (403, 408, 409, 410)]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
HEAD = """\
from django.conf import settings
from django.db import migrations, models
class Migration(migrations.Migration):
"""
PEOPLE = (
    HEAD
    + """\
    initial = True
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.CreateModel("Person", [
        ("id", models.BigAutoField(primary_key=True)), ("password", models.CharField(max_length=128)),
        ("last_login", models.DateTimeField(null=True)), ("email", models.CharField(max_length=99, unique=True))])]
"""
)
SHOP = {
    "0001_initial": HEAD
    + """\
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel("Cart", [("id", models.BigAutoField(primary_key=True)),
            ("owner", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE))])]
""",
    "0002_note": HEAD
    + """\
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddField("cart", "note", models.TextField(default="none"))]
""",
    "0003_fill": "def fill(apps, schema_editor):\n    apps.get_model('people', 'Person').objects.create(email='a@b')\n"
    + HEAD
    + """\
    dependencies = [("shop", "0002_note")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
""",
    "0004_index": HEAD
    + """\
    atomic = False
    dependencies = [("shop", "0003_fill")]
    operations = [migrations.RunSQL("CREATE INDEX CONCURRENTLY shop_note ON shop_cart (note)", "DROP INDEX shop_note")]
""",
}
SQUASHED = (
    HEAD
    + """\
    replaces = [("shop", "0001_initial"), ("shop", "0002_note")]
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel("Cart", [("id", models.BigAutoField(primary_key=True)),
            ("owner", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)),
            ("note", models.TextField(default="none"))])]
"""
)
MODELS = {
    "people": """\
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
class Person(AbstractBaseUser):
    id = models.BigAutoField(primary_key=True)
    last_login = models.DateTimeField(null=True)
    email = models.CharField(max_length=99, unique=True)
    objects = BaseUserManager()
    USERNAME_FIELD = "email"
    is_staff = is_active = True
""",
    "shop": """\
from django.conf import settings
from django.db import models
class Cart(models.Model):
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    note = models.TextField(default="none")
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    texts = {"manage.py": MANAGE, "conf/config/__init__.py": "", "conf/config/settings.py": SETTINGS}
    for app, migrations in (("people", {"0001_initial": PEOPLE}), ("shop", SHOP)):
        texts |= {f"{app}/__init__.py": "", f"{app}/migrations/__init__.py": "", f"{app}/models.py": MODELS[app]}
        texts |= {f"{app}/migrations/{name}.py": text for name, text in migrations.items()}
    found = Tree(texts)
    found.write(tmp_path)
    return found


@pytest.fixture
def drive(project: Tree, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Run the driver; what it prints, or what it says when it refuses."""
    monkeypatch.setenv("DATABASE_URL", database.url)

    def run(*words: str, status: int = 0) -> str:
        call = [sys.executable, str(DRIVER), *words, "--apps", "people,shop"]
        done = subprocess.run(call, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stderr.strip() if status else done.stdout

    return run


@pytest.fixture
def manage(tmp_path: Path, database: Database) -> Driver:
    """What a person does by hand, with settings of his own."""

    def run(*words: str) -> str:
        code = f"""if True:
            import os, sys
            sys.path[:0] = [{str(DRIVER.parent)!r}, os.getcwd(), os.path.join(os.getcwd(), "conf")]
            os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
            from django.conf import settings
            from django.core.management import execute_from_command_line
            from django_driver import point_at
            point_at(settings.DATABASES, {database.url!r})
            execute_from_command_line(["manage.py", *{list(words)!r}])
        """
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def state(database: Database) -> list[object]:
    """Every table with its columns, every index, and what Django has noted."""
    columns = "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
    where = "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND NOT attisdropped ORDER BY 1, 2"
    return [*database.rows(f"{columns} {where}"), *noted(database)]


def noted(database: Database) -> list[object]:
    if database.rows("SELECT to_regclass('django_migrations')") == [(None,)]:
        return []
    return [name for (name,) in database.rows("SELECT app || '.' || name FROM django_migrations ORDER BY 1")]


def test_every_migration_up_and_down_again(project: Tree, drive: Driver, manage: Driver, database: Database) -> None:
    """With a user model of the project's own, on which Django's admin depends; one is not atomic, one is Python."""
    order = project.versions("django")
    assert order == ["people.0001_initial", *(f"shop.{name}" for name in SHOP)]
    states = [state(database)]
    for version in order:
        drive("up", version)
        states.append(state(database))
    assert "[ ]" not in manage("showmigrations")
    assert "No migrations to apply" in manage("migrate")
    assert state(database) == states[-1]
    assert database.rows("SELECT count(*) FROM auth_permission WHERE codename = 'add_cart'") == [(1,)]
    for version in reversed(order):
        assert state(database) == states.pop()
        drive("down", version)
    assert state(database) == states.pop() == []


def test_what_comes_along_is_what_django_itself_makes(
    project: Tree, drive: Driver, manage: Driver, database: Database
) -> None:
    manage("migrate")
    made = state(database)
    for version in reversed(project.versions("django")):
        drive("down", version)
    assert state(database) == []
    drive("up", "people.0001_initial")
    assert {"admin.0001_initial", "auth.0001_initial", "sessions.0001_initial"} <= set(noted(database))
    for version in project.versions("django")[1:]:
        drive("up", version)
    assert state(database) == made


def test_a_squashed_one_and_those_that_it_replaces(
    project: Tree, drive: Driver, manage: Driver, database: Database, tmp_path: Path
) -> None:
    """Run on a fresh database; noted where the others have run; and back."""
    squashed = tmp_path / "shop/migrations/0001_squashed.py"
    for version in ("people.0001_initial", "shop.0001_initial", "shop.0002_note"):
        drive("up", version)
    before = state(database)
    squashed.write_text(SQUASHED)
    drive("up", "shop.0001_squashed", "--fake")
    assert sorted([*before, "shop.0001_squashed"], key=str) == sorted(state(database), key=str)
    assert drive("up", "shop.0001_squashed", status=3) == "shop.0001_squashed is applied already"
    drive("up", "shop.0003_fill")
    drive("down", "shop.0003_fill")
    drive("down", "shop.0001_squashed", "--fake")
    squashed.unlink()
    assert state(database) == before
    drive("down", "shop.0002_note")
    drive("down", "shop.0001_initial")
    squashed.write_text(SQUASHED)
    drive("up", "shop.0001_squashed")
    assert [key for key in noted(database) if str(key).startswith("shop")] == [
        "shop.0001_initial",
        "shop.0001_squashed",
        "shop.0002_note",
    ]
    assert "0001_squashed (2 squashed migrations)" in manage("showmigrations", "shop")
    drive("down", "shop.0001_squashed")
    assert not [key for key in noted(database) if str(key).startswith("shop")]


def test_what_is_not_next_is_refused_and_nothing_is_done(
    drive: Driver, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "shop.0001_initial cannot run: people.0001_initial, after which it comes, is not applied"
    assert drive("up", "shop.0001_initial", status=3) == said
    assert drive("up", "shop.0009_z", status=3) == "there is no migration shop.0009_z in the apps that are installed"
    assert drive("down", "shop.0001_initial", status=3) == "shop.0001_initial is not applied"
    drive("up", "people.0001_initial")
    drive("up", "shop.0001_initial")
    said = "people.0001_initial cannot be taken back: shop.0001_initial is applied, and comes after it"
    assert drive("down", "people.0001_initial", status=3) == said
    before = state(database)
    (tmp_path / "shop/migrations/0005_other.py").write_text(SHOP["0002_note"])
    said = "shop has several leaf nodes (0004_index, 0005_other): makemigrations --merge makes one of them"
    assert drive("up", "shop.0002_note", status=3) == said
    settings = tmp_path / "conf/config/settings.py"
    settings.write_text(SETTINGS.replace("backends.postgresql", "backends.sqlite3"))
    assert "gitmig needs PostgreSQL there" in drive("up", "shop.0002_note", status=3)
    assert state(database) == before


def test_the_sql_is_that_of_one_migration(drive: Driver, database: Database) -> None:
    for version in ("people.0001_initial", "shop.0001_initial"):
        drive("up", version)
    before = state(database)
    assert 'ALTER TABLE "shop_cart" ADD COLUMN "note"' in drive("up", "shop.0002_note", "--sql")
    assert 'DROP TABLE "shop_cart"' in drive("down", "shop.0001_initial", "--sql")
    assert "cannot be written as sql" in drive("up", "shop.0003_fill", "--sql").lower()
    assert state(database) == before
