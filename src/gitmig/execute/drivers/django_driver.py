"""Run one migration of a Django project, up or down, as `manage.py migrate` does.

Started in the folder of manage.py by the project's own interpreter, which has Django and knows nothing of gitmig:
standard library and Django only, Python 3.8. manage.py itself runs and sets up the project; where it would hand over to
Django's commands, it hands over to this. `DATABASES["default"]` is the database of DATABASE_URL then.

    python django_driver.py up|down APP.NAME [--apps APP,APP] [--fake] [--sql] [--manage FILE]

`--apps` are the labels of the project's own apps, whose migrations are told one by one: by default of those that lie
below the folder of manage.py, and in no folder of installed packages. Those of other apps that are
installed (of Django itself, of packages) run along by a rule that knows no history: if anything of the project is
applied, so are all of theirs that need nothing of the project which is not applied; else none are. So the first
migration brings along the tables of `auth`, that of the project's own user model those of `admin`, and what takes a
migration back takes back what came with it.

Exit code 3 with a sentence on stderr says that the migration cannot run on what the database has; nothing was done.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core import management

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED = 3
PACKAGES = {"site-packages", "dist-packages"}
OTHER_DATABASES = ("sqlite", "mysql", "oracle", "spatialite")
# What the project's options say of another server than that of DATABASE_URL.
ABOUT_THE_SERVER = ("service", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "pool")


class Refused(Exception):
    """The migration cannot run on what the database has."""


def main(words: list[str]) -> int:
    """Run what the command line says."""
    sys.path[0] = str(Path.cwd())  # not the folder of this file: as `python manage.py` has it
    arguments = parsed(words)
    outcome: list[int] = []

    def instead(argv: list[str] | None = None) -> None:
        outcome.append(run_with_settings(arguments))

    if Path(arguments.manage).exists():
        management.execute_from_command_line = instead
        sys.argv = [arguments.manage, "migrate"]
        runpy.run_path(arguments.manage, run_name="__main__")
    if not outcome:  # there is none, or it hands over to something else
        instead()
    return outcome[0]


def parsed(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("direction", choices=("up", "down"))
    parser.add_argument("migration")
    parser.add_argument("--apps", type=lambda text: frozenset(text.split(",")))
    parser.add_argument("--fake", action="store_true", help="note it only, run nothing")
    parser.add_argument("--sql", action="store_true", help="print the SQL, run nothing")
    parser.add_argument("--manage", default="manage.py")
    return parser.parse_args(words)


def run_with_settings(arguments: argparse.Namespace) -> int:
    """Run the migration once manage.py has said which settings count."""
    import django
    from django.conf import settings
    from django.db import connections

    try:
        if "DATABASE_URL" in os.environ:
            point_at(settings.DATABASES, os.environ["DATABASE_URL"])
        django.setup()
        app, _, name = arguments.migration.partition(".")
        if arguments.sql:
            sys.stdout.write("".join(f"{line}\n" for line in statements((app, name), arguments.direction == "down")))
            return 0
        step = ProjectMigration((app, name), arguments.apps or own_apps())
        if arguments.fake:
            step.note(arguments.direction == "down")
        elif arguments.direction == "up":
            step.run([(one, False) for one in step.forwards()])
        else:
            step.run([(one, True) for one in step.backwards()])
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    finally:
        connections.close_all()  # the next one may be run by the same process, elsewhere
    return 0


def own_apps() -> frozenset[str]:
    """The labels of the apps that lie in the project itself."""
    from django.apps import apps

    top, installed = Path.cwd().resolve(), Path(sys.prefix).resolve()
    places = {config.label: Path(config.path).resolve() for config in apps.get_app_configs()}
    return frozenset(
        label
        for label, place in places.items()
        if place.is_relative_to(top)
        and not (place.is_relative_to(installed) and installed != top)
        and not PACKAGES.intersection(place.parts)
    )


def point_at(databases: dict[str, Any], url: str) -> None:
    """Let the default database be that of the URL, whatever else the settings say of it. Raises Refused."""
    found = databases.setdefault("default", {})
    engine = found.setdefault("ENGINE", "django.db.backends.postgresql")
    if any(word in engine.lower() for word in OTHER_DATABASES):
        raise Refused(f"the settings have {engine} for DATABASES['default']: gitmig needs PostgreSQL there")
    parts, query = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    options = {name: value for name, value in found.get("OPTIONS", {}).items() if name not in ABOUT_THE_SERVER}
    known = {"host", "port", "user", "password", "dbname"}
    options.update((name, value) for name, value in query.items() if name not in known)
    found.update(
        HOST=query.get("host") or unquote(parts.hostname or ""),
        PORT=query.get("port") or str(parts.port or ""),
        NAME=query.get("dbname") or unquote(parts.path[1:]),
        USER=query.get("user") or unquote(parts.username or ""),
        PASSWORD=query.get("password") or unquote(parts.password or ""),
        OPTIONS=options,
    )


def statements(key: tuple[str, str], is_down: bool) -> list[str]:
    """The SQL of one migration alone, as `sqlmigrate` prints it; no database is asked. Raises Refused."""
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, replace_migrations=False)
    if key not in loader.graph.nodes:
        raise Refused(f"there is no migration {'.'.join(key)}")
    loader.connection = connections["default"]
    loader.connection.ops.compose_sql = composed  # Django's own asks a connection how to quote
    migration = loader.graph.nodes[key]
    migration.atomic = False  # else it would begin a transaction
    found: list[str] = loader.collect_sql([(migration, is_down)])
    return found


def composed(sql: str, parameters: Iterable[Any]) -> str:
    """A statement with its parameters written into it."""
    return sql % tuple(map(literal, parameters or ()))


def literal(value: Any) -> str:
    """A value as SQL has it, without a connection."""
    try:
        from psycopg.sql import Literal
    except ImportError:
        from psycopg2.extensions import adapt

        quoted: bytes = adapt(value).getquoted()
        return quoted.decode()
    return Literal(value).as_string(None)


class ProjectMigration:
    """A migration of the project in the graph that Django has of everything that is installed."""

    def __init__(self, key: tuple[str, str], apps: frozenset[str]) -> None:
        from django.db import connections
        from django.db.migrations.executor import MigrationExecutor

        self.key, self.apps, self.label = key, apps, ".".join(key)
        self.connection = connections["default"]
        self.connection.prepare_database()
        self.executor = MigrationExecutor(self.connection)
        loader = self.executor.loader
        if key not in loader.graph.nodes and key in loader.disk_migrations:
            loader.replace_migrations = False  # it is one that a squashed one replaces, or that itself half applied
            loader.build_graph()
        self.graph, self.applied = loader.graph, set(loader.applied_migrations)

    def forwards(self) -> list[Any]:
        """What runs up, in order. Raises Refused."""
        self._must_be_known()
        self.executor.loader.check_consistent_history(self.connection)
        if conflicts := self.executor.loader.detect_conflicts():
            app, names = min(conflicts.items())
            raise Refused(
                f"{app} has several leaf nodes ({', '.join(names)}): makemigrations --merge makes one of them"
            )
        if self.key in self.applied:
            raise Refused(f"{self.label} is applied already")
        own = self._own_applied()
        missing = [key for key in self._needs(self.key) if key not in own]
        if missing:
            raise Refused(f"{self.label} cannot run: {'.'.join(missing[0])}, after which it comes, is not applied")
        wanted = self._along_with(own | {self.key}) | {self.key}
        return [self.graph.nodes[key] for key in self._order() if key in wanted and key not in self.applied]

    def backwards(self) -> list[Any]:
        """What runs down, in order. Raises Refused."""
        self._must_be_known()
        if self.key not in self.applied:
            raise Refused(f"{self.label} is not applied")
        own = self._own_applied() - {self.key}
        above = sorted(key for key in own if self.key in self._needs(key))
        if above:
            raise Refused(f"{self.label} cannot be taken back: {'.'.join(above[0])} is applied, and comes after it")
        staying = own | self._along_with(own)
        going = [key for key in self._order() if key in self.applied and key not in staying]
        return [self.graph.nodes[key] for key in reversed(going)]

    def run(self, plan: list[tuple[Any, bool]]) -> None:
        """Run it with the signals around it, as `Command.handle` of `migrate` does (Django 4.2 to 5.2)."""
        from django.apps import apps
        from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
        from django.db.migrations.state import ModelState
        from django.utils.module_loading import import_string, module_has_submodule

        for config in apps.get_app_configs():
            if module_has_submodule(config.module, "management"):
                __import__(f"{config.name}.management")  # it registers handlers of the signals
        before = self.executor._create_project_state(with_applied_migrations=True)
        alias, shown = self.connection.alias, {"verbosity": 1, "interactive": False}
        emit_pre_migrate_signal(db=alias, apps=before.apps, plan=plan, stdout=sys.stdout, **shown)
        after = self.executor.migrate(None, plan=plan, state=before.clone())
        after.clear_delayed_apps_cache()
        models = after.apps
        with models.bulk_update():
            keys = [(state.app_label, state.name_lower) for state in models.real_models]
            for key in keys:
                models.unregister_model(*key)
        models.render_multiple([ModelState.from_model(apps.get_model(*key)) for key in keys])
        emit_post_migrate_signal(db=alias, apps=models, plan=plan, stdout=sys.stdout, **shown)
        if not self._own_after(plan):
            self._forget_everything(import_string("django.db.migrations.recorder.MigrationRecorder"))

    def note(self, is_down: bool) -> None:
        """Note the migration, or that it is not applied, and run nothing.

        Of a squashed one and those that it replaces, the rows of both stay while one of the two is applied: Django
        takes them for each other.
        """
        recorder = self.executor.recorder
        recorder.ensure_schema()
        if is_down:
            recorder.record_unapplied(*self.key)
            return
        if self.key not in self.applied:
            self._must_be_known()
            self.executor.record_migration(self.graph.nodes[self.key])
        self.executor.check_replacements()

    def _must_be_known(self) -> None:
        if self.key not in self.graph.nodes:
            raise Refused(f"there is no migration {self.label} in the apps that are installed")

    def _is_own(self, key: tuple[str, str]) -> bool:
        return key[0] in self.apps

    def _own_applied(self) -> set[tuple[str, str]]:
        return {key for key in self.graph.nodes if self._is_own(key) and key in self.applied}

    def _own_after(self, plan: Iterable[tuple[Any, bool]]) -> bool:
        going = {(one.app_label, one.name) for one, is_down in plan if is_down}
        return bool(self._own_applied() - going) or not going

    def _order(self) -> list[tuple[str, str]]:
        """Everything that is installed, as a fresh database gets it."""
        plan = self.executor.migration_plan(self.graph.leaf_nodes(), clean_start=True)
        return [(one.app_label, one.name) for one, _ in plan]

    def _needs(self, key: tuple[str, str]) -> list[tuple[str, str]]:
        """The project's own migrations that must be applied before another one."""
        return [one for one in self.graph.forwards_plan(key) if self._is_own(one) and one != key]

    def _along_with(self, own: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """What of other apps is applied where these of the project are."""
        others = (key for key in self.graph.nodes if not self._is_own(key))
        return {key for key in others if own.issuperset(self._needs(key))} if own else set()

    def _forget_everything(self, recorder: Any) -> None:
        """Nothing is applied any more: the schema is that before the first migration, which made Django's own table."""
        if not recorder(self.connection).applied_migrations():
            with self.connection.schema_editor() as editor:
                editor.delete_model(recorder.Migration)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
