"""Settings: what may be configured, where it may stand, and which place wins. Everything is handed in; nothing is read.

From top to bottom: how a value is written; the settings, each declared once; the team's file; which place wins.
"""

from __future__ import annotations

import posixpath
import re
import shlex
import sys
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitmig.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[[str, Any], Any]

CONFIG_FILE = "gitmig.toml"
DEFAULT_FOLDER = "migrations"
OPTION = "--database"
LOCK_WAIT, LOCK_WAIT_IN_HOOKS = 60, 10  # seconds
WORKTREE_CONFIG = "git config --worktree gitmig.database"
VARIABLE = "environment variable "
URL_VARIABLES = ("GITMIG_DATABASE_URL", "DATABASE_URL")
GUARD_VARIABLE = "GITMIG_GUARD"

SECONDS = r"^\d+$"
SIZE = r"^\s*(\d+(?:\.\d+)?)\s*([kKmMgGtT][bB]|[bB][yY][tT][eE][sS]|)\s*$"
DAYS = r"^\s*(\d{1,6})\s*(?:days?)?\s*$"
ENDING = re.compile(r"\w+")
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Form(Enum):
    """What TOML has at a key."""

    TEXT = auto()
    TEXTS = auto()  # one, or a list of them that is not empty
    TRUTH = auto()
    TABLE = auto()  # of texts


class Key(Struct, frozen=True, kw_only=True):
    """A key of `gitmig.toml`: what is told about it in its schema and in docs/configuration.md, and how it is read.

    `meaning` is Markdown. `default` is a value as the file would have it; without one, `otherwise` says what happens.
    `words` are all values that there are, `pattern` is a regular expression that a text matches. `read` makes the
    setting of the key's name and of what the file or `git config` says; it raises UsageError.
    """

    name: str
    meaning: str
    form: Form
    read: Read
    default: str | None
    otherwise: str
    words: tuple[str, ...]
    pattern: str | None

    @property
    def personal(self) -> str:
        """How `git config` spells it behind `gitmig.`, in lower case."""
        return self.name.replace("_", "")


def _as_it_is(_: str, value: Any) -> Any:
    return value


def _texts(_: str, value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _paths(key: str, value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(posixpath.normpath(name.rstrip("/") or ".") for name in _texts(key, value))


def _one_of(words: tuple[str, ...], yes: str | None) -> Read:
    def read(key: str, value: str) -> str | bool:
        if value not in words:
            *others, last = (f'"{word}"' for word in words)
            raise UsageError(f"{key} is {value!r}", hint=f"it is {', '.join(others)} or {last}")
        return value if yes is None else value == yes

    return read


def _truth(key: str, value: bool | str) -> bool:
    """A truth value of the file, or as git writes one."""
    if isinstance(value, bool):
        return value
    if value.lower() not in BOOLEANS:
        raise UsageError(f"{key} is {value!r}", hint="it is true or false")
    return BOOLEANS[value.lower()]


def _seconds(key: str, value: str) -> int:
    if not re.fullmatch(SECONDS, value):
        raise UsageError(f"{key} is {value!r}", hint="it is a number of seconds, in quotes")
    return int(value)


def _size(key: str, value: str) -> int:
    """Bytes of `500 MB`, `1.5GB`, `4096`."""
    found = re.fullmatch(SIZE, value)
    if not found:
        raise UsageError(f"{key} is {value!r}", hint='it is a size, as in "500 MB" or "2 GB"')
    power = "bkmgt".index((found[2] or "b")[0].lower())
    return int(float(found[1]) * 1024**power)


def _days(key: str, value: str) -> int:
    """Days of `90` or `90 days`."""
    found = re.fullmatch(DAYS, value)
    if not found:
        raise UsageError(f"{key} is {value!r}", hint='it is a number of days, as in "90 days"')
    return int(found[1])


def _commands(key: str, value: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """The command of each ending, cut into words as a shell does it."""
    found: dict[str, tuple[str, ...]] = {}
    for ending, command in value.items():
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise UsageError(f"{key}.{ending} is {command!r}: {error}", hint="close the quotes") from error
        if not words or ending.lower() == "sql" or not ENDING.fullmatch(ending) or "\0" in command:
            raise UsageError(
                f"{key}.{ending} is {command!r}",
                hint='it is the command that runs files with this ending, as in py = ".venv/bin/python"',
            )
        found[ending.lower()] = words
    return found


READ: dict[Form, Read] = {Form.TEXT: _as_it_is, Form.TEXTS: _texts, Form.TRUTH: _truth, Form.TABLE: _commands}
UNSET: dict[Form, Any] = {Form.TEXTS: (), Form.TABLE: {}}  # else None


def _setting(
    name: str,
    meaning: str,
    form: Form = Form.TEXT,
    read: Read | None = None,
    *,
    default: str | None = None,
    otherwise: str = "none",
    words: tuple[str, ...] = (),
    yes: str | None = None,
    pattern: str | None = None,
) -> Any:
    """A field of `Settings` that has a key; with `yes` it is whether that is the word."""
    if read is None:
        read = _one_of(words, yes) if words else READ[form]
    key = Key(
        name=name,
        meaning=meaning,
        form=form,
        read=read,
        default=default,
        otherwise=otherwise,
        words=words,
        pattern=pattern,
    )
    value = UNSET.get(form) if default is None else read(name, default)
    return field(default_factory=lambda: value, metadata={"key": key})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything configurable, with defaults. What has a key in `gitmig.toml` is described there.

    `folders` are candidates: the first that exists at a commit counts. The `bootstrap` file never runs on the user's
    own database. `database` is a URL or None, `database_source` says in words where it was found, and
    `database_is_personal` that no file of the checkout names it. `lock_wait` None: see `lock_wait_of`.
    """

    folders: tuple[str, ...] = _setting(
        "folder",
        "the migrations folder, from the top of the repository",
        Form.TEXTS,
        _paths,
        default=DEFAULT_FOLDER,
    )
    layout: str | None = _setting(
        "layout",
        "`single`, `paired`, `directory`, `goose`, `alembic` or `django`, see [layouts](layouts.md)",
        read=_as_it_is,  # what the folder looks like has to be known before one is refused
        otherwise="detected",
        words=("single", "paired", "directory", "goose", "alembic", "django"),
    )
    database: str | None = _setting(
        "database",
        "the database's URL",
        otherwise="see below",
    )
    database_source: str = ""
    database_is_personal: bool = True
    per: str | None = _setting(
        "per",
        "what has a [database of its own](worktrees.md), with rows: every `worktree`, or every `branch`",
        otherwise="one for all; with the embedded server `worktree`",
        words=("worktree", "branch"),
    )
    shared: bool = _setting(
        "shared",
        "whether work trees [share one database](worktrees.md#one-database-for-several-work-trees) on "
        "purpose: then a hook in one takes away what another one has",
        Form.TRUTH,
        default="false",
    )
    unclonable: str = _setting(
        "unclonable",
        "what happens where rows [cannot be copied](worktrees.md#where-it-cannot-be-copied) for a work "
        "tree: nothing (`refuse`), an `empty` database that the migrations fill, or they `share` one",
        default="refuse",
        words=("refuse", "empty", "share"),
    )
    env_file: str | None = _setting(
        "env_file",
        "the application's file, as `.env`, in which gitmig "
        "[keeps the URL](worktrees.md#the-applications-file) of the work tree's database",
    )
    guard: bool = _setting(
        "guard",
        "whether a caller without a terminal needs a [confirmed plan](agents.md) to revert anything: "
        "`confirm`; also `GITMIG_GUARD=confirm`",
        default="none",
        words=("none", "confirm"),
        yes="confirm",
    )
    bootstrap: str | None = _setting(
        "bootstrap",
        "path of the SQL that a fresh embedded or scratch database needs first",
    )
    run_outside: str = _setting(
        "run_outside",
        "when scripts that ask for it run [outside a transaction](layouts.md#outside-a-transaction): "
        "`large` (from 1 GiB) or `always`",
        default="large",
        words=("large", "always"),
    )
    ignore: tuple[str, ...] = _setting(
        "ignore",
        "objects that are not the migrations' business, as shell patterns of names with or without the "
        'schema: `["audit.*", "tmp_*"]`',
        Form.TEXTS,
    )
    verify: bool = _setting(
        "verify",
        "whether every sync compares the schema with that of a fresh build: `always` or `never`",
        default="always",
        words=("always", "never"),
        yes="always",
    )
    records: bool = _setting(
        "records",
        "whether the hooks write [records](commands/record.md) of new commits: `always` or `never`",
        default="always",
        words=("always", "never"),
        yes="always",
    )
    rebuild_wait: int = _setting(
        "rebuild_wait",
        "how many seconds a [rebuild](commands/sync.md#rebuild) waits for others to leave the database",
        read=_seconds,
        default="10",
        pattern=SECONDS,
    )
    lock_wait: int | None = _setting(
        "lock_wait",
        "how many seconds a sync [waits for others](commands/sync.md#locks) who hold what it needs; `0` is "
        "for as long as it takes",
        read=_seconds,
        otherwise='`"10"` in hooks, `"60"` by hand',
        pattern=SECONDS,
    )
    schema_file: str | None = _setting(
        "schema_file",
        "a file of the repository in which every sync by hand keeps the schema as SQL, see "
        "[gitmig dump](commands/dump.md)",
    )
    kept_size: int = _setting(
        "kept_size",
        "how many [kept rows](commands/kept.md) one script may leave, as `500 MB` or `2 GB`",
        read=_size,
        default="1 GB",
        pattern=SIZE,
    )
    kept_age: int = _setting(
        "kept_age",
        "for how long they stay",
        read=_days,
        default="90 days",
        pattern=DAYS,
    )
    during_rebase: bool = _setting(
        "during_rebase",
        "whether the database [follows](git-events.md) where a rebase stops or runs a command, too "
        "(`follow`), or only at its `end`",
        default="follow",
        words=("follow", "end"),
        yes="follow",
    )
    languages: Mapping[str, tuple[str, ...]] = _setting(
        "languages",
        "commands that run [programs](languages.md), by the ending of the file's name: "
        '`{ py = ".venv/bin/python", ts = "deno run -A" }`',
        Form.TABLE,
        _commands,
        otherwise="see [programs](languages.md#which-command)",
    )
    program_timeout: int = _setting(
        "program_timeout",
        "how many seconds a [program](languages.md) may run; `0` is for as long as it takes",
        read=_seconds,
        default="600",
        pattern=SECONDS,
    )
    program_environment: tuple[str, ...] = _setting(
        "program_environment",
        "environment variables that [programs](languages.md#what-a-program-finds) see besides the usual "
        'ones: names or shell patterns, as `["DJANGO_SETTINGS_MODULE", "APP_*"]`',
        Form.TEXTS,
    )
    clients_ignore: tuple[str, ...] = _setting(
        "clients_ignore",
        "files in which [`gitmig check`](commands/check.md) does not look for SQL, nor for uses of "
        'what a migration takes away: a shell pattern, as `"docs/**"`, or a list of them',
        Form.TEXTS,
    )

    def lock_wait_of(self, *, hook: bool) -> int | None:
        """For how many seconds a lock is waited for; None: as long as it takes. Of a hook, a prompt waits."""
        return (LOCK_WAIT_IN_HOOKS if hook else LOCK_WAIT) if self.lock_wait is None else self.lock_wait or None

    @property
    def database_is_literal(self) -> bool:
        """Whether the URL names this work tree's database itself, as other programs see it, and not one for all."""
        return self.database_source in {OPTION, WORKTREE_CONFIG} or self.database_is_from_environment

    @property
    def database_is_from_environment(self) -> bool:
        """Whether a variable of the environment names it, which is seen by everything that is started there."""
        return self.database_source.startswith(VARIABLE)


KEYS: dict[str, Key] = {one.name: one.metadata["key"] for one in fields(Settings) if one.metadata}
BY_NAME = {key.name: key for key in KEYS.values()}


def parse_team_settings(text: str, file: str) -> dict[str, Any]:
    """The table of `gitmig.toml`, or `[tool.gitmig]` of a `pyproject.toml`; {} if there is none. Raises UsageError.

    What a text may say is looked at by `resolve`.
    """
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
    for name, value in table.items():
        _check(name, value, file)
    return table


IN_QUOTES = 'write it in quotes, as in {} = "…"'
WANTED = {
    Form.TEXT: ("a text", IN_QUOTES),
    Form.TEXTS: ("a text or a list of texts", IN_QUOTES),
    Form.TRUTH: ("true or false", "write it without quotes: {} = true"),
    Form.TABLE: ("a table of texts", 'write it as in {} = {{ py = ".venv/bin/python" }}'),
}


def _check(name: str, value: object, file: str) -> None:
    """Refuse a misspelt key or a wrong type now, rather than ignore it."""
    if name not in BY_NAME:
        raise UsageError(f"{file}: unknown key {name!r}", hint=f"the keys are {', '.join(BY_NAME)}")
    form = BY_NAME[name].form
    if not _fits(form, value):
        wanted, hint = WANTED[form]
        raise UsageError(f"{file}: {name} must be {wanted}", hint=hint.format(name))


def _fits(form: Form, value: object) -> bool:
    match form, value:
        case Form.TRUTH, _:
            return isinstance(value, bool)
        case Form.TABLE, _:
            return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
        case Form.TEXTS, [_, *_]:
            return all(isinstance(text, str) for text in value)
    return isinstance(value, str)


def resolve(
    *,
    team: Mapping[str, Any],
    personal: Mapping[str, str],
    environ: Mapping[str, str],
    dotenv: Mapping[str, str | None],
    lists: Mapping[str, tuple[str, ...]] | None = None,
    worktree: Mapping[str, str] | None = None,
    option: str | None = None,
    file: str = CONFIG_FILE,
    dotenv_name: str = ".env",
) -> Settings:
    """One value of every setting. Raises UsageError.

    `personal` holds `git config gitmig.*` with the prefix taken off, in lower case; `lists` has every value of it, for
    the settings that take several; `worktree` is the part of it that is set for this work tree alone. Of the URLs the
    one that is nearest to the call wins, and what is personal wins over what a checkout brings along.
    """
    values: dict[str, Any] = {}
    for name, key in KEYS.items():
        said = _said(key, team, personal, lists or {})
        if said or (key.words and said is not None):
            values[name] = key.read(key.name, said)
    guard = values.get("guard") or KEYS["guard"].read(GUARD_VARIABLE, environ.get(GUARD_VARIABLE) or "none")
    nearest, variable = URL_VARIABLES
    places = [  # each with what it says, how people call it, and whether it is no file of the checkout
        (option, OPTION, True),
        (environ.get(nearest), f"{VARIABLE}{nearest}", True),
        ((worktree or {}).get("database"), WORKTREE_CONFIG, True),
        (environ.get(variable), f"{VARIABLE}{variable}", True),
        (personal.get("database"), "git config gitmig.database", True),
        *((dotenv.get(name), f"{dotenv_name} ({name})", False) for name in URL_VARIABLES),
        (team.get("database"), file, False),
    ]
    database, source, is_personal = next((place for place in places if place[0]), (None, "", True))
    urls = {"database": database, "database_source": source, "database_is_personal": is_personal}
    return Settings(**{**values, **urls, "guard": guard})


def _said(key: Key, team: Mapping[str, Any], personal: Mapping[str, str], lists: Mapping[str, tuple[str, ...]]) -> Any:
    """What somebody has set for a key, the nearest first; None or empty if nobody has."""
    if key.form is Form.TABLE:
        prefix = f"{key.personal}."
        own = {name.removeprefix(prefix): value for name, value in personal.items() if name.startswith(prefix)}
        return {**team.get(key.name, {}), **own}
    several = tuple(filter(None, lists.get(key.personal, ()))) if key.form is Form.TEXTS else ()
    return several or personal.get(key.personal) or team.get(key.name)
