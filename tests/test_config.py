"""Settings: what may be configured, and which place wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gitmig.config import KEYS as SETTINGS
from gitmig.config import Form, Settings, parse_team_settings, resolve
from gitmig.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = (
    "the keys are folder, layout, database, per, shared, unclonable, env_file, guard, bootstrap, run_outside, ignore, "
    "verify, records, rebuild_wait, lock_wait, schema_file, kept_size, "
    "kept_age, during_rebase, languages, program_timeout, program_environment, clients_ignore"
)


def settings(**places: Any) -> Settings:
    """What counts where nothing is set but this."""
    return resolve(**{"team": {}, "personal": {}, "environ": {}, "dotenv": {}, **places})


def usage_error(function: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught:
        function()
    assert caught.value.exit_code == 2
    return caught.value.message, caught.value.hint


def test_without_any_setting_the_defaults_count() -> None:
    assert settings() == Settings(
        folders=("migrations",), layout=None, bootstrap=None, database=None, database_source="", run_outside="large"
    )


# --- the database's URL ---

NAMES = ("GITMIG_DATABASE_URL", "DATABASE_URL")
SOURCES = [
    "--database",
    "environment variable GITMIG_DATABASE_URL",
    "git config --worktree gitmig.database",
    "environment variable DATABASE_URL",
    "git config gitmig.database",
    ".env (GITMIG_DATABASE_URL)",
    ".env (DATABASE_URL)",
    "gitmig.toml",
]


@pytest.mark.parametrize("rank", range(len(SOURCES)), ids=SOURCES)
def test_the_url_that_is_nearest_to_the_call_wins_and_its_place_is_told(rank: int) -> None:
    """Nothing stands in the places before this one; in each of the others stands its own name."""
    there = {source: source for source in SOURCES[rank:]}
    found = settings(
        option=there.get("--database"),
        environ={name: there.get(f"environment variable {name}", "") for name in NAMES},
        dotenv={name: there.get(f".env ({name})") for name in NAMES},
        worktree={"database": there.get("git config --worktree gitmig.database", "")},
        personal={"database": there.get("git config gitmig.database", "")},
        team={"database": there.get("gitmig.toml", "")},
    )
    assert (found.database, found.database_source) == (SOURCES[rank], SOURCES[rank])
    assert found.database_is_personal == (not SOURCES[rank].startswith((".env", "gitmig.toml")))


@pytest.mark.parametrize(
    "empty",
    [
        pytest.param({"option": ""}, id="--database"),
        pytest.param({"environ": {"DATABASE_URL": "", "GITMIG_DATABASE_URL": ""}}, id="environment"),
        pytest.param({"dotenv": {"DATABASE_URL": None, "GITMIG_DATABASE_URL": ""}}, id=".env"),
        pytest.param({"personal": {"database": ""}}, id="git config"),
    ],
)
def test_an_empty_url_is_none(empty: dict[str, Any]) -> None:
    assert settings(**empty).database is None
    assert settings(**empty, team={"database": "postgresql:///app"}).database == "postgresql:///app"


def test_the_team_file_is_named_as_the_source() -> None:
    found = settings(team={"database": "postgresql:///app"}, file="pyproject.toml")
    assert found.database_source == "pyproject.toml"


@pytest.mark.parametrize("url", ["host=localhost dbname=app", "postgresql://ada:p%40ss@localhost/app?sslmode=disable"])
def test_a_url_is_taken_as_it_is(url: str) -> None:
    assert settings(option=url).database == url


# --- everything else ---


@pytest.mark.parametrize(
    ("folder", "folders"),
    [
        pytest.param("db/migrations", ("db/migrations",), id="one"),
        pytest.param("db/migrations/", ("db/migrations",), id="a slash at the end"),
        pytest.param(["migrations", "server/migrations/"], ("migrations", "server/migrations"), id="candidates"),
        pytest.param(".", (".",), id="the top of the repository"),
        pytest.param("/", (".",), id="the top, as a slash"),
        pytest.param("mis migraciones/año", ("mis migraciones/año",), id="spaces and letters beyond ASCII"),
        pytest.param("", ("migrations",), id="empty"),
    ],
)
def test_folders_are_candidates(folder: str | list[str], folders: tuple[str, ...]) -> None:
    assert settings(team={"folder": folder}).folders == folders


def test_personal_settings_win_over_those_of_the_team() -> None:
    team = {"folder": ["a", "b"], "layout": "single", "bootstrap": "team.sql", "run_outside": "large"}
    personal = {"folder": "c", "layout": "paired", "bootstrap": "mine.sql", "runoutside": "always"}
    of_team = settings(team=team)
    mine = settings(team=team, personal=personal)
    assert of_team == Settings(folders=("a", "b"), layout="single", bootstrap="team.sql", run_outside="large")
    assert mine == Settings(folders=("c",), layout="paired", bootstrap="mine.sql", run_outside="always")


@pytest.mark.parametrize(
    "places",
    [
        pytest.param({"team": {"run_outside": "never"}}, id="the team's"),
        pytest.param({"personal": {"runoutside": "never"}}, id="one's own"),
    ],
)
def test_run_outside_has_two_values(places: dict[str, Any]) -> None:
    assert usage_error(lambda: settings(**places)) == ("run_outside is 'never'", 'it is "large" or "always"')


def test_rebuild_wait_is_a_number_of_seconds() -> None:
    assert settings().rebuild_wait == 10
    assert settings(team={"rebuild_wait": "0"}).rebuild_wait == 0
    assert settings(team={"rebuild_wait": "1"}, personal={"rebuildwait": "60"}).rebuild_wait == 60
    error = usage_error(lambda: settings(team={"rebuild_wait": "soon"}))
    assert error == ("rebuild_wait is 'soon'", "it is a number of seconds, in quotes")


# --- the team's file ---


@pytest.mark.parametrize(
    ("text", "file", "table"),
    [
        pytest.param("", "gitmig.toml", {}, id="an empty file"),
        pytest.param(
            'folder = "db"\nlayout = "goose"\n', "gitmig.toml", {"folder": "db", "layout": "goose"}, id="keys"
        ),
        pytest.param('folder = ["a", "b"]', "gitmig.toml", {"folder": ["a", "b"]}, id="candidates"),
        pytest.param('database = "é%"\r\n', "gitmig.toml", {"database": "é%"}, id="any character, CRLF"),
        pytest.param('[tool.gitmig]\nfolder = "db"\n', "pyproject.toml", {"folder": "db"}, id="pyproject"),
        pytest.param(
            '[project]\nname = "x"\n[tool.ruff]\nfolder = 1\n', "pyproject.toml", {}, id="pyproject without our table"
        ),
        pytest.param(
            '[languages]\njs = "node"\n', "gitmig.toml", {"languages": {"js": "node"}}, id="commands of languages"
        ),
        pytest.param(
            '[tool.gitmig]\nfolder = "db"\n', "api/pyproject.toml", {"folder": "db"}, id="pyproject elsewhere"
        ),
    ],
)
def test_the_team_settings_of_a_file(text: str, file: str, table: dict[str, Any]) -> None:
    assert parse_team_settings(text, file) == table


@pytest.mark.parametrize(
    ("text", "file", "message", "hint"),
    [
        pytest.param("foldr = 'db'", "gitmig.toml", "gitmig.toml: unknown key 'foldr'", KEYS, id="a misspelt key"),
        pytest.param(
            "[tool.gitmig]\nfoldr = 'db'",
            "pyproject.toml",
            "pyproject.toml: unknown key 'foldr'",
            KEYS,
            id="in pyproject",
        ),
        pytest.param(
            "[tool.gitmig]\nfolder = 'db'", "gitmig.toml", "gitmig.toml: unknown key 'tool'", KEYS, id="the wrong file"
        ),
        pytest.param(
            "layout = ['single']",
            "gitmig.toml",
            "gitmig.toml: layout must be a text",
            'write it in quotes, as in layout = "…"',
            id="a list where a text belongs",
        ),
        pytest.param(
            "languages = 'node'",
            "gitmig.toml",
            "gitmig.toml: languages must be a table of texts",
            'write it as in languages = { py = ".venv/bin/python" }',
            id="a text where a table belongs",
        ),
        pytest.param(
            "[languages]\njs = ['node']",
            "gitmig.toml",
            "gitmig.toml: languages must be a table of texts",
            'write it as in languages = { py = ".venv/bin/python" }',
            id="a list in the table",
        ),
        pytest.param(
            "database = 5432",
            "gitmig.toml",
            "gitmig.toml: database must be a text",
            'write it in quotes, as in database = "…"',
            id="a number where a text belongs",
        ),
        *(
            pytest.param(
                f"folder = {value}",
                "gitmig.toml",
                "gitmig.toml: folder must be a text or a list of texts",
                'write it in quotes, as in folder = "…"',
                id=f"folder {value}",
            )
            for value in ("true", "[]", "['db', 1]", "[['db']]", "{ a = 'db' }")
        ),
    ],
)
def test_what_the_team_file_may_not_hold_is_refused(text: str, file: str, message: str, hint: str) -> None:
    assert usage_error(lambda: parse_team_settings(text, file)) == (message, hint)


def test_what_is_no_toml_is_refused_with_what_the_parser_says() -> None:
    message, hint = usage_error(lambda: parse_team_settings("\nfolder: db\n", "gitmig.toml"))
    assert message.startswith("gitmig.toml is not valid TOML: ")
    assert "(at line 2, column " in message
    assert hint == "correct it, or delete it and run `gitmig init`"


@pytest.mark.parametrize(
    ("team", "personal", "expected"),
    [
        ({}, {}, ()),
        ({"ignore": "audit.*"}, {}, ("audit.*",)),
        ({"ignore": ["audit.*", "tmp_*"]}, {}, ("audit.*", "tmp_*")),
        ({"ignore": ["audit.*"]}, {"ignore": "mine"}, ("mine",)),
    ],
)
def test_what_is_ignored_is_one_pattern_or_many(
    team: dict[str, object], personal: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert settings(team=team, personal=personal).ignore == expected


@pytest.mark.parametrize("field", [field for field, key in SETTINGS.items() if key.form is Form.TEXTS])
def test_git_config_may_give_a_list_value_by_value(field: str) -> None:
    key, own = SETTINGS[field], ("DB", "DB_*")
    found = settings(team={key.name: ["TEAM"]}, personal={key.personal: own[-1]}, lists={key.personal: own})
    assert getattr(found, field) == own


def test_verification_can_be_switched_off_by_word() -> None:
    assert resolve(team={}, personal={}, environ={}, dotenv={}).verify
    assert not resolve(team={"verify": "never"}, personal={}, environ={}, dotenv={}).verify
    with pytest.raises(UsageError, match="verify is 'no'"):
        resolve(team={}, personal={"verify": "no"}, environ={}, dotenv={})


def test_records_can_be_switched_off_by_word() -> None:
    assert settings().records
    assert not settings(team={"records": "never"}).records
    assert settings(team={"records": "never"}, personal={"records": "always"}).records
    error = usage_error(lambda: settings(personal={"records": "false"}))
    assert error == ("records is 'false'", 'it is "always" or "never"')


@pytest.mark.parametrize(
    ("team", "personal", "commands"),
    [
        pytest.param({"js": "node --x 'a b'"}, {}, {"js": ("node", "--x", "a b")}, id="cut into words"),
        pytest.param({"JS": "node"}, {}, {"js": ("node",)}, id="endings are written small"),
        pytest.param({"js": "node", "py": "a"}, {"languages.py": "b"}, {"js": ("node",), "py": ("b",)}, id="personal"),
    ],
)
def test_commands_of_languages(
    team: dict[str, str], personal: dict[str, str], commands: dict[str, tuple[str, ...]]
) -> None:
    found = resolve(team={"languages": team}, personal=personal, environ={}, dotenv={})
    assert found.languages == commands


@pytest.mark.parametrize("table", [{"js": ""}, {"js": "'"}, {"sql": "psql"}, {"tar.gz": "x"}])
def test_what_is_no_command_is_refused(table: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"^languages\."):
        resolve(team={"languages": table}, personal={}, environ={}, dotenv={})
