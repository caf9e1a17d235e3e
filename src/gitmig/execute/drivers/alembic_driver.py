"""Run one revision of an Alembic project, up or down, as alembic itself does.

Started in the folder of the project's alembic.ini by the project's own interpreter, which has alembic and knows nothing
of gitmig: standard library and alembic only, Python 3.8. `env.py` runs as always. The database is that of DATABASE_URL,
which is also what `sqlalchemy.url` says then, with the dialect and driver that the project names there.

    python alembic_driver.py up|down REVISION [--fake] [--sql] [--config FILE] [--section NAME]

Exit code 3 with a sentence on stderr says that the revision cannot run on what the database has; nothing was done.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED = 3
# Module → SQLAlchemy's name of the driver, the most usual first.
DRIVERS = {"psycopg2": "psycopg2", "psycopg": "psycopg", "asyncpg": "asyncpg", "pg8000": "pg8000"}
# Of the settings that libpq takes in a URL, those that the other drivers take as well.
EVERYWHERE = {"host", "port"}


class Refused(Exception):
    """The revision cannot run on what the database has."""


def main(words: list[str]) -> int:
    """Run what the command line says."""
    sys.path[0] = str(Path.cwd())  # not the folder of this file: as `python -m alembic` has it
    arguments = parsed(words)
    config = configuration(arguments)
    script = ScriptDirectory.from_config(config)
    try:
        run(arguments, config, script)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    return 0


def parsed(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("direction", choices=("up", "down"))
    parser.add_argument("revision")
    parser.add_argument("--fake", action="store_true", help="note it only, run nothing")
    parser.add_argument("--sql", action="store_true", help="print the SQL, run nothing")
    parser.add_argument("--config", default="alembic.ini")
    parser.add_argument("--section", default="alembic")
    return parser.parse_args(words)


def configuration(arguments: argparse.Namespace) -> Config:
    """What alembic's own command makes of its files, with the database's URL in it."""
    # the command that env.py may ask about, as in context.get_x_argument()
    command = argparse.Namespace(
        x=None, config=arguments.config, name=arguments.section, sql=arguments.sql, tag=None, quiet=False, cmd=(None,)
    )
    files: dict[str, Any] = {}
    if "toml_file" in inspect.signature(Config.__init__).parameters and Path("pyproject.toml").exists():
        files["toml_file"] = "pyproject.toml"  # since alembic 1.16
    ini = arguments.config if Path(arguments.config).exists() else None
    config = Config(ini, ini_section=arguments.section, cmd_opts=command, output_buffer=sys.stdout, **files)
    if given := os.environ.get("DATABASE_URL"):
        url = sqlalchemy_url(given, config.get_main_option("sqlalchemy.url"))
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def sqlalchemy_url(url: str, configured: str | None) -> str:
    """The URL of a libpq program for SQLAlchemy, with the dialect and driver of the one that the project has."""
    dialect = (configured or "").partition("://")[0]
    if not dialect.startswith("postgresql"):
        found = [name for module, name in DRIVERS.items() if importlib.util.find_spec(module)]
        dialect = f"postgresql+{found[0]}" if found else "postgresql"
    parts = urlsplit(url)
    query = parse_qsl(parts.query)
    if dialect.partition("+")[2] not in {"", "psycopg", "psycopg2", "psycopg_async"}:
        query = [(name, value) for name, value in query if name in EVERYWHERE]
    return f"{dialect}://{parts.netloc}{parts.path or '/'}{'?' + urlencode(query) if query else ''}"


def run(arguments: argparse.Namespace, config: Config, script: ScriptDirectory) -> None:
    """Let env.py run the one step. Raises Refused."""
    revision = script.get_revision(arguments.revision)
    if revision is None:
        raise Refused(f"there is no revision {arguments.revision}")
    is_up = arguments.direction == "up"
    make = MigrationStep.upgrade_from_script if is_up else MigrationStep.downgrade_from_script
    step: Any = make(script.revision_map, revision)
    if arguments.fake:
        step.migration_fn = lambda **_: None
    below = revision._normalized_down_revisions

    def steps(heads: Any, context: Any) -> Iterator[Any]:
        if not arguments.sql:
            check(script, revision, set(heads), is_up=is_up)
        yield step
        if not is_up and not arguments.sql and not below and set(heads) == {revision.revision}:
            # nothing is applied any more: the schema is that before the first revision, which made alembic's table
            with context.begin_transaction(_per_migration=True):
                context._version.drop(context.connection)

    before = (below or "base") if is_up else revision.revision
    options = {"as_sql": True, "starting_rev": before} if arguments.sql else {}
    with EnvironmentContext(config, script, fn=steps, destination_rev=revision.revision, **options):
        script.run_env()


def check(script: ScriptDirectory, revision: Any, heads: set[str], *, is_up: bool) -> None:
    """Raise Refused if the revision is not next on what is applied, up or down."""
    known = script.revision_map
    applied = {one.revision for one in known._get_ancestor_nodes(known.get_revisions(tuple(heads)), check=False)}
    own = revision.revision
    if not is_up:
        if own not in applied:
            raise Refused(f"revision {own} is not applied")
        above = sorted(one for one in revision._all_nextrev if one in applied)
        if above:
            raise Refused(f"revision {own} cannot be taken back: {above[0]} is applied, and comes after it")
        return
    if own in applied:
        raise Refused(f"revision {own} is applied already")
    missing = [one for one in revision._all_down_revisions if one not in applied]
    if missing:
        raise Refused(f"revision {own} cannot run: {missing[0]}, after which it comes, is not applied")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
