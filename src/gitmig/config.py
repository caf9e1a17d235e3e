"""Settings: what may be configured, where it may stand, and which place wins. Reads nothing itself but dotenv text."""

from __future__ import annotations

import posixpath
import re
import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, cast

from gitmig.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIG_FILE = "gitmig.toml"
DEFAULT_FOLDER = "migrations"
OPTION = "--database"
LOCK_WAIT, LOCK_WAIT_IN_HOOKS = 60, 10  # seconds
WORKTREE_CONFIG = "git config --worktree gitmig.database"
VARIABLE = "environment variable "
URL_VARIABLES = ("GITMIG_DATABASE_URL", "DATABASE_URL")

SECONDS = r"^\d+$"
SIZE = r"^\s*(\d+(?:\.\d+)?)\s*([kKmMgGtT][bB]|[bB][yY][tT][eE][sS]|)\s*$"
ENDING = re.compile(r"\w+")
DAYS = r"^\s*(\d{1,6})\s*(?:days?)?\s*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is told about a key of `gitmig.toml`, in its schema and in docs/configuration.md.

    `meaning` is Markdown. `default` is a value as the file would have it; without one, `otherwise` says what happens.
    `pattern` is a regular expression that a text matches.
    """

    meaning: str
    default: str | None = None
    otherwise: str = "none"
    pattern: str | None = None


class TeamSettings(TypedDict, total=False):
    """The settings of a team: `gitmig.toml`, or `[tool.gitmig]` of a `pyproject.toml`."""

    folder: Annotated[
        str | list[str],
        Key(meaning="the migrations folder, from the top of the repository", default=DEFAULT_FOLDER),
    ]
    layout: Annotated[
        Literal["single", "paired", "directory", "goose", "alembic", "django"],
        Key(
            meaning="`single`, `paired`, `directory`, `goose`, `alembic` or `django`, see [layouts](layouts.md)",
            otherwise="detected",
        ),
    ]
    database: Annotated[str, Key(meaning="the database's URL", otherwise="see below")]
    per: Annotated[
        Literal["worktree", "branch"],
        Key(
            meaning="what has a [database of its own](worktrees.md), with rows: every `worktree`, or every `branch`",
            otherwise="one for all; with the embedded server `worktree`",
        ),
    ]
    shared: Annotated[
        bool,
        Key(
            meaning="whether work trees [share one database](worktrees.md#one-database-for-several-work-trees) on "
            "purpose: then a hook in one takes away what another one has",
            default="false",
        ),
    ]
    unclonable: Annotated[
        Literal["refuse", "empty", "share"],
        Key(
            meaning="what happens where rows [cannot be copied](worktrees.md#where-it-cannot-be-copied) for a work "
            "tree: nothing (`refuse`), an `empty` database that the migrations fill, or they `share` one",
            default="refuse",
        ),
    ]
    env_file: Annotated[
        str,
        Key(
            meaning="the application's file, as `.env`, in which gitmig "
            "[keeps the URL](worktrees.md#the-applications-file) of the work tree's database",
        ),
    ]
    guard: Annotated[
        Literal["none", "confirm"],
        Key(
            meaning="whether a caller without a terminal needs a [confirmed plan](agents.md) to revert anything: "
            "`confirm`; also `GITMIG_GUARD=confirm`",
            default="none",
        ),
    ]
    bootstrap: Annotated[
        str,
        Key(meaning="path of the SQL that a fresh embedded or scratch database needs first"),
    ]
    run_outside: Annotated[
        Literal["large", "always"],
        Key(
            meaning="when scripts that ask for it run [outside a transaction](layouts.md#outside-a-transaction): "
            "`large` (from 1 GiB) or `always`",
            default="large",
        ),
    ]
    ignore: Annotated[
        str | list[str],
        Key(
            meaning="objects that are not the migrations' business, as shell patterns of names with or without the "
            'schema: `["audit.*", "tmp_*"]`'
        ),
    ]
    verify: Annotated[
        Literal["always", "never"],
        Key(
            meaning="whether every sync compares the schema with that of a fresh build: `always` or `never`",
            default="always",
        ),
    ]
    records: Annotated[
        Literal["always", "never"],
        Key(
            meaning="whether the hooks write [records](commands/record.md) of new commits: `always` or `never`",
            default="always",
        ),
    ]
    rebuild_wait: Annotated[
        str,
        Key(
            meaning="how many seconds a [rebuild](commands/sync.md#rebuild) waits for others to leave the database",
            default="10",
            pattern=SECONDS,
        ),
    ]
    lock_wait: Annotated[
        str,
        Key(
            meaning="how many seconds a sync [waits for others](commands/sync.md#locks) who hold what it needs; `0` is "
            "for as long as it takes",
            otherwise='`"10"` in hooks, `"60"` by hand',
            pattern=SECONDS,
        ),
    ]
    schema_file: Annotated[
        str,
        Key(
            meaning="a file of the repository in which every sync by hand keeps the schema as SQL, see "
            "[gitmig dump](commands/dump.md)"
        ),
    ]
    kept_size: Annotated[
        str,
        Key(
            meaning="how many [kept rows](commands/kept.md) one script may leave, as `500 MB` or `2 GB`",
            default="1 GB",
            pattern=SIZE,
        ),
    ]
    kept_age: Annotated[str, Key(meaning="for how long they stay", default="90 days", pattern=DAYS)]
    during_rebase: Annotated[
        Literal["follow", "end"],
        Key(
            meaning="whether the database [follows](git-events.md) where a rebase stops or runs a command, too "
            "(`follow`), or only at its `end`",
            default="follow",
        ),
    ]
    languages: Annotated[
        dict[str, str],
        Key(
            meaning="commands that run [programs](languages.md), by the ending of the file's name: "
            '`{ py = ".venv/bin/python", ts = "deno run -A" }`',
            otherwise="see [programs](languages.md#which-command)",
        ),
    ]
    program_timeout: Annotated[
        str,
        Key(
            meaning="how many seconds a [program](languages.md) may run; `0` is for as long as it takes",
            default="600",
            pattern=SECONDS,
        ),
    ]
    program_environment: Annotated[
        str | list[str],
        Key(
            meaning="environment variables that [programs](languages.md#what-a-program-finds) see besides the usual "
            'ones: names or shell patterns, as `["DJANGO_SETTINGS_MODULE", "APP_*"]`',
        ),
    ]
    clients_ignore: Annotated[
        str | list[str],
        Key(
            meaning="files in which [`gitmig check`](commands/check.md) does not look for SQL, nor for uses of "
            'what a migration takes away: a shell pattern, as `"docs/**"`, or a list of them'
        ),
    ]


KEYS = tuple(TeamSettings.__annotations__)
LISTS = ("folder", "ignore", "clients_ignore", "program_environment")
TABLES = ("languages",)
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
GUARD_VARIABLE = "GITMIG_GUARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything configurable, with defaults.

    `folders` are candidates: the first that exists at a commit counts. `layout` None means: detect. `bootstrap` is
    the path of SQL every fresh database needs first; it never runs on the user's own database. `database` is a URL or
    None, `database_source` says in words where it was found, and `database_is_personal` that no file of the checkout
    names it. `per` says what has a database of its own, `shared` that work trees have one together on purpose,
    `unclonable` what to do where rows cannot be copied, `env_file` where the application finds the URL, and `guard`
    that nothing is reverted without a terminal unless its plan was confirmed. `run_outside` says when scripts that ask
    for it run outside a transaction: on `large` databases, or `always`. `ignore` are shell patterns of objects that are
    not the migrations' business. `verify` says whether the schema is compared with that of a fresh build, `records`
    whether hooks write records. `rebuild_wait` is how many seconds a rebuild waits for others to leave the database,
    `lock_wait` for how many locks of others are waited for (0: as long as it takes; None: see `lock_wait_of`).
    `schema_file` is the path of a file with the schema. `kept_size` is how many bytes of rows one step may keep,
    `kept_age` for how many days they stay. `during_rebase` says whether the database follows where a rebase hands the
    work tree over, or at its end only. `languages` maps endings of file names to commands that run such programs, of
    which each may run for `program_timeout` seconds (0: as long as it takes) and sees the variables of
    `program_environment` (shell patterns) besides the usual ones. `clients_ignore` are shell patterns of files in which
    nobody looks for SQL, nor for uses of what a migration takes away.
    """

    folders: tuple[str, ...] = (DEFAULT_FOLDER,)
    layout: str | None = None
    bootstrap: str | None = None
    database: str | None = None
    database_source: str = ""
    database_is_personal: bool = True
    per: str | None = None
    shared: bool = False
    unclonable: str = "refuse"
    env_file: str | None = None
    guard: bool = False
    run_outside: str = "large"
    ignore: tuple[str, ...] = ()
    verify: bool = True
    records: bool = True
    rebuild_wait: int = 10
    lock_wait: int | None = None
    schema_file: str | None = None
    kept_size: int = 1 << 30
    kept_age: int = 90
    during_rebase: bool = True
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    program_timeout: int = 600
    program_environment: tuple[str, ...] = ()
    clients_ignore: tuple[str, ...] = ()

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


def parse_team_settings(text: str, file: str) -> TeamSettings:
    """The table of `gitmig.toml`, or `[tool.gitmig]` of a `pyproject.toml`; {} if there is none. Raises UsageError.

    Texts that have to be of a certain form are looked at by `resolve`.
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
    for key, value in table.items():
        _check(key, value, file)
    return cast("TeamSettings", table)


def resolve(
    *,
    team: TeamSettings,
    personal: Mapping[str, str],
    environ: Mapping[str, str],
    dotenv: Mapping[str, str | None],
    lists: Mapping[str, tuple[str, ...]] | None = None,
    worktree: Mapping[str, str] | None = None,
    option: str | None = None,
    file: str = CONFIG_FILE,
    dotenv_name: str = ".env",
) -> Settings:
    """One value of every setting.

    `personal` holds `git config gitmig.*` with the prefix taken off, in lower case; `lists` has every value of it, for
    the settings that take several; `worktree` is the part of it that is set for this work tree alone. Of the URLs the
    one that is nearest to the call wins, and what is personal wins over what a checkout brings along.
    """

    def chosen(key: str) -> Any:
        return personal.get(key.replace("_", "")) or team.get(key)

    def several(key: str) -> tuple[str, ...]:
        own = tuple(value for value in (lists or {}).get(key.replace("_", ""), ()) if value)
        return own or _texts(chosen(key) or ())

    urls = _urls(
        team=team,
        personal=personal,
        environ=environ,
        dotenv=dotenv,
        worktree=worktree or {},
        option=option,
        file=file,
        dotenv_name=dotenv_name,
    )
    database, source, is_personal = next((one for one in urls if one[0]), (None, "", True))
    folders = several("folder") or (DEFAULT_FOLDER,)
    return Settings(
        folders=tuple(posixpath.normpath(name.rstrip("/") or ".") for name in folders),
        layout=chosen("layout"),
        bootstrap=chosen("bootstrap"),
        database=database,
        database_source=source,
        database_is_personal=is_personal,
        per=_one_of("per", chosen("per"), ("worktree", "branch")) if chosen("per") else None,
        shared=_boolean("shared", chosen("shared")),
        unclonable=_one_of("unclonable", chosen("unclonable"), ("refuse", "empty", "share")),
        env_file=chosen("env_file"),
        guard=any(
            _one_of(name, value or None, ("none", "confirm")) == "confirm"
            for name, value in (("guard", chosen("guard")), (GUARD_VARIABLE, environ.get(GUARD_VARIABLE)))
        ),
        run_outside=_one_of("run_outside", chosen("run_outside"), ("large", "always")),
        ignore=several("ignore"),
        verify=_one_of("verify", chosen("verify"), ("always", "never")) == "always",
        records=_one_of("records", chosen("records"), ("always", "never")) == "always",
        rebuild_wait=_seconds("rebuild_wait", chosen("rebuild_wait") or "10"),
        lock_wait=_seconds("lock_wait", chosen("lock_wait")) if chosen("lock_wait") else None,
        schema_file=chosen("schema_file"),
        kept_size=_size(chosen("kept_size") or "1 GB"),
        kept_age=_days(chosen("kept_age") or "90 days"),
        during_rebase=_one_of("during_rebase", chosen("during_rebase"), ("follow", "end")) == "follow",
        languages=_commands(team.get("languages", {}), personal),
        program_timeout=_seconds("program_timeout", chosen("program_timeout") or "600"),
        program_environment=several("program_environment"),
        clients_ignore=several("clients_ignore"),
    )


def _urls(
    *,
    team: TeamSettings,
    personal: Mapping[str, str],
    environ: Mapping[str, str],
    dotenv: Mapping[str, str | None],
    worktree: Mapping[str, str],
    option: str | None,
    file: str,
    dotenv_name: str,
) -> list[tuple[str | None, str, bool]]:
    """Every place of a URL, the nearest first: what it says, its name, and whether it is no file of the checkout."""
    nearest, variable = URL_VARIABLES
    return [
        (option, OPTION, True),
        (environ.get(nearest), f"{VARIABLE}{nearest}", True),
        (worktree.get("database"), WORKTREE_CONFIG, True),
        (environ.get(variable), f"{VARIABLE}{variable}", True),
        (personal.get("database"), "git config gitmig.database", True),
        *((dotenv.get(name), f"{dotenv_name} ({name})", False) for name in URL_VARIABLES),
        (team.get("database"), file, False),
    ]


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _commands(team: Mapping[str, str], personal: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The command of each ending, cut into words as a shell does it. Raises UsageError."""
    own = {key.partition(".")[2]: value for key, value in personal.items() if key.startswith("languages.")}
    found: dict[str, tuple[str, ...]] = {}
    for ending, command in {**team, **own}.items():
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise UsageError(f"languages.{ending} is {command!r}: {error}", hint="close the quotes") from error
        if not words or ending.lower() == "sql" or not ENDING.fullmatch(ending) or "\0" in command:
            raise UsageError(
                f"languages.{ending} is {command!r}",
                hint='it is the command that runs files with this ending, as in py = ".venv/bin/python"',
            )
        found[ending.lower()] = words
    return found


def _seconds(key: str, value: str) -> int:
    if not re.fullmatch(SECONDS, value):
        raise UsageError(f"{key} is {value!r}", hint="it is a number of seconds, in quotes")
    return int(value)


def _one_of(key: str, value: str | None, allowed: tuple[str, ...]) -> str:
    """One of a few words, the first by default. Raises UsageError."""
    if value is not None and value not in allowed:
        *others, last = (f'"{word}"' for word in allowed)
        raise UsageError(f"{key} is {value!r}", hint=f"it is {', '.join(others)} or {last}")
    return value or allowed[0]


def _boolean(key: str, value: bool | str | None) -> bool:
    """A truth value of the file, or as git writes one. Raises UsageError."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if value.lower() not in BOOLEANS:
        raise UsageError(f"{key} is {value!r}", hint="it is true or false")
    return BOOLEANS[value.lower()]


def _size(text: str) -> int:
    """Bytes of `500 MB`, `1.5GB`, `4096`."""
    found = re.fullmatch(SIZE, text)
    if not found:
        raise UsageError(f"kept_size is {text!r}", hint='it is a size, as in "500 MB" or "2 GB"')
    power = "bkmgt".index((found[2] or "b")[0].lower())
    return int(float(found[1]) * 1024**power)


def _days(text: str) -> int:
    """Days of `90` or `90 days`."""
    found = re.fullmatch(DAYS, text)
    if not found:
        raise UsageError(f"kept_age is {text!r}", hint='it is a number of days, as in "90 days"')
    return int(found[1])


def _check(key: str, value: object, file: str) -> None:
    """Refuse a misspelt key or a wrong type now, rather than ignore it."""
    if key not in KEYS:
        raise UsageError(f"{file}: unknown key {key!r}", hint=f"the keys are {', '.join(KEYS)}")
    if key in TABLES:
        if not (isinstance(value, dict) and all(isinstance(text, str) for text in value.values())):
            hint = f'write it as in {key} = {{ py = ".venv/bin/python" }}'
            raise UsageError(f"{file}: {key} must be a table of texts", hint=hint)
        return
    if key == "shared":
        if not isinstance(value, bool):
            raise UsageError(f"{file}: {key} must be true or false", hint=f"write it without quotes: {key} = true")
        return
    texts = value if isinstance(value, list) and key in LISTS and value else [value]
    if not all(isinstance(text, str) for text in texts):
        allowed = "a text or a list of texts" if key in LISTS else "a text"
        raise UsageError(f"{file}: {key} must be {allowed}", hint=f'write it in quotes, as in {key} = "…"')
