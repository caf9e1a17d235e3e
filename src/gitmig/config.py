"""Settings: what may be configured, where it may stand, and which place wins. Reads nothing itself but dotenv text."""

from __future__ import annotations

import posixpath
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitmig.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIG_FILE = "gitmig.toml"
DEFAULT_FOLDER = "migrations"
KEYS = ("folder", "layout", "database", "bootstrap", "run_outside", "clients_ignore")
LISTS = ("folder", "clients_ignore")
# The order people expect: what is nearest to the call wins.
URL_VARIABLES = ("GITMIG_DATABASE_URL", "DATABASE_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything configurable, with defaults.

    `folders` are candidates: the first that exists at a commit counts. `layout` None means: detect. `bootstrap` is
    the path of SQL every fresh database needs first; it never runs on the user's own database. `database` is a URL or
    None, `database_source` says in words where it was found. `run_outside` says when scripts that ask for it run
    outside a transaction: on `large` databases, or `always`. `clients_ignore` are shell patterns of files in which
    nobody looks for uses of what a migration takes away.
    """

    folders: tuple[str, ...] = (DEFAULT_FOLDER,)
    layout: str | None = None
    bootstrap: str | None = None
    database: str | None = None
    database_source: str = ""
    run_outside: str = "large"
    clients_ignore: tuple[str, ...] = ()


def parse_team_settings(text: str, file: str) -> dict[str, Any]:
    """The table of `gitmig.toml`, or `[tool.gitmig]` of a `pyproject.toml`; {} if there is none. Raises UsageError."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{file} is not valid TOML: {error}", hint="correct it, or delete it and run `gitmig init`"
        ) from error
    if file.endswith("pyproject.toml"):
        tool = table.get("tool")
        table = tool.get("gitmig", {}) if isinstance(tool, dict) else {}
        if not isinstance(table, dict):
            raise UsageError(f"{file}: tool.gitmig must be a table", hint="write [tool.gitmig] and the keys below it")
    for key, value in table.items():
        _check(key, value, file)
    return table


def resolve(
    *,
    team: Mapping[str, Any],
    personal: Mapping[str, str],
    environ: Mapping[str, str],
    dotenv: Mapping[str, str | None],
    option: str | None = None,
    file: str = CONFIG_FILE,
) -> Settings:
    """One value of every setting. `personal` holds `git config gitmig.*` with the prefix taken off, in lower case."""
    candidates = [(option, "--database")]
    candidates += [(environ.get(name), f"environment variable {name}") for name in URL_VARIABLES]
    candidates += [(dotenv.get(name), f".env ({name})") for name in URL_VARIABLES]
    candidates += [(personal.get("database"), "git config gitmig.database"), (team.get("database"), file)]
    database, source = next(((url, source) for url, source in candidates if url), (None, ""))
    folders = _texts(personal.get("folder") or team.get("folder") or DEFAULT_FOLDER)
    return Settings(
        folders=tuple(posixpath.normpath(name.rstrip("/") or ".") for name in folders),
        layout=personal.get("layout") or team.get("layout"),
        bootstrap=personal.get("bootstrap") or team.get("bootstrap"),
        database=database,
        database_source=source,
        run_outside=_run_outside(personal.get("runoutside") or team.get("run_outside") or "large"),
        clients_ignore=_texts(personal.get("clientsignore") or team.get("clients_ignore") or ()),
    )


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _run_outside(value: str) -> str:
    if value not in {"large", "always"}:
        raise UsageError(f"run_outside is {value!r}", hint='it is "large" or "always"')
    return value


def _check(key: str, value: object, file: str) -> None:
    """Refuse a misspelt key or a wrong type now, rather than ignore it."""
    if key not in KEYS:
        raise UsageError(f"{file}: unknown key {key!r}", hint=f"the keys are {', '.join(KEYS)}")
    texts = value if isinstance(value, list) and key in LISTS and value else [value]
    if not all(isinstance(text, str) for text in texts):
        allowed = "a text or a list of texts" if key in LISTS else "a text"
        raise UsageError(f"{file}: {key} must be {allowed}", hint=f'write it in quotes, as in {key} = "…"')
