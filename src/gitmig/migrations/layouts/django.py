"""Django's migrations, as they lie in any commit: `polls/migrations/0001_initial.py` of every app of the project.

Read without importing anything. A migration's version is its app and its name, `polls.0001_initial`.

What a migration needs of apps that are not in the repository (`contenttypes`, `auth`, packages) belongs to the Django
that is installed: these have no files here, are no members of the set, and run along with a migration of the project
(see `gitmig/execute/drivers/django_driver.py`). Two things of them matter to the order. `settings.AUTH_USER_MODEL` and
other swappable models may be the project's own: the settings files are searched for their names. And packages refer to
the user model themselves, so that what needs a package needs the first migration of the project's users as well.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.errors import UsageError
from gitmig.migrations.languages.program import ROLE, program
from gitmig.migrations.layouts.graph import Graph, Node, depth_first, misfits, same_key
from gitmig.migrations.layouts.python_source import PythonSource, Unresolved, assignments, called, calls
from gitmig.migrations.model import Ancestry, Content, InvalidMigrations, Migration, Problem, Script, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitmig.migrations.layouts import Read
    from gitmig.migrations.model import File

Key = tuple[str, str]  # app label and name

PACKAGE = "migrations"
FIRST, LATEST = "__first__", "__latest__"
USER_MODEL = "AUTH_USER_MODEL"
# Apps of Django that refer to no user model; `auth` has the one that is used if the project has none.
WITHOUT_USERS = frozenset({"auth", "contenttypes", "sessions", "sites", "redirects", "postgres", "gis", "messages"})
OPERATIONS = re.compile(r"^[ \t]+operations\b", re.M)
TELLING = re.compile(r"^\s*(?:class|dependencies|run_before|replaces)\b", re.M)
# Operation → position and name of the argument without which it cannot be reversed.
ONE_WAY = {"RunPython": (1, "reverse_code"), "RunSQL": (1, "reverse_sql")}


class DjangoMigration(Struct, frozen=True, kw_only=True):
    """What a file says of its migration; a swappable dependency is on the first one of the app that a setting names."""

    app: str
    name: str
    file: File
    depends: tuple[Key, ...] = ()
    swappable: tuple[str, ...] = ()
    run_before: tuple[Key, ...] = ()
    replaces: tuple[Key, ...] = ()

    @property
    def key(self) -> Key:
        """As Django has it."""
        return self.app, self.name


class _Links(Struct, kw_only=True):
    """What each migration of the project comes after; `outside` are labels of apps that are not in the repository."""

    follows: defaultdict[Key, list[Key]] = field(default_factory=lambda: defaultdict(list))
    needs: defaultdict[Key, list[Key]] = field(default_factory=lambda: defaultdict(list))
    outside: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, child: Key, parent: Key) -> None:
        found = self.follows if child[0] == parent[0] else self.needs
        if parent not in found[child]:
            found[child].append(parent)


class DjangoLayout:
    """One file for each migration, in the `migrations` package of its app; `dependencies` tell the order."""

    name = "django"
    is_graph = True

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        packages = _packages(files)
        apps_files = [file for file in files if _is_apps_file(file, packages)]
        own = [file for found in packages.values() for file in found]
        if not own:
            return [], []
        try:
            texts = read([*own, *apps_files])
        except InvalidMigrations as error:
            return [], list(error.problems)
        labels = _labels(packages, apps_files, texts)
        found: list[DjangoMigration] = []
        problems: list[Problem] = []
        for package, inside in packages.items():
            some, wrong = _read_package(labels[package], inside, texts)
            found += some
            problems += wrong
        swapped = _settings(files, {name for one in found for name in one.swappable}, read)
        migrations, unfit = _in_order(found, swapped)
        return migrations, problems + unfit

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        ((role, file),) = migration.files
        source = PythonSource.parse(texts[role], file.path)
        language = program(self.name)
        body = _migration_class(source)
        if body is None:
            raise InvalidMigrations([_no_class(file)])
        attributes = assignments(body.body)
        atomic = attributes.get("atomic")
        script = Script(
            language=language,
            text=texts[role],
            path=file.path,
            transactional=not (isinstance(atomic, ast.Constant) and atomic.value is False),
            version=migration.version.text,
        )
        operations = attributes.get("operations")
        is_reversible = operations is None or not any(_is_one_way(call) for call in calls(operations, ONE_WAY.keys()))
        return Content(up=script, down=replace(script, section="down") if is_reversible else None)

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """Raise UsageError: Django writes what the models say."""
        hint = f"it writes new ones: manage.py makemigrations --name {name}"
        raise UsageError("the migrations are Django's", hint=hint)


def _in_order(found: Sequence[DjangoMigration], swapped: Mapping[str, str]) -> tuple[list[Migration], list[Problem]]:
    """The migrations as a fresh database gets them, and what is wrong with the graph.

    A fresh database gets a squashed migration, and none of those that it replaces (`MigrationLoader.build_graph`).
    """
    problems: list[Problem] = []
    known: dict[Key, DjangoMigration] = {}
    for one in found:
        if one.key in known:
            problems.append(same_key(one.file, known[one.key].file))
        known.setdefault(one.key, one)
    links = _links(known, swapped)
    remaining = _without_replaced(known, links)
    _after_users(remaining, links, swapped.get(USER_MODEL))
    nodes = {key: _node(key, links) for key in sorted(remaining)}
    graph = Graph.of(nodes.values())
    files = {_text(key): one.file for key, one in remaining.items()}
    problems += misfits(graph, files, "migration")
    by_text = {_text(key): key for key in remaining}
    order = list(graph.nodes) if graph.cycle else depth_first(graph)
    return [_migration(remaining[by_text[key]], graph.nodes[key]) for key in order], problems


def _links(known: Mapping[Key, DjangoMigration], swapped: Mapping[str, str]) -> _Links:
    """What every migration names, with `__first__` and `__latest__` as `MigrationLoader.check_key` has them."""
    links = _Links()
    for key, one in known.items():
        for parent in one.depends:
            if parent[0] == key[0] and parent[1] != FIRST:
                links.add(key, parent)
    apps, ends = {app for app, _ in known}, _ends(known, links)
    for key, one in known.items():
        swappable = [(swapped[name].partition(".")[0], FIRST) for name in one.swappable if name in swapped]
        links.outside[key] |= {app for app, _ in (*one.depends, *swappable) if app not in apps}
        for app, name in (*one.depends, *swappable):
            if app in apps and app != key[0]:
                links.add(key, (app, ends.get((app, name), name)))
        for app, name in one.run_before:
            if app in apps and (app, name) != (key[0], FIRST):
                links.add((app, ends.get((app, name), name)), key)
    return links


def _ends(known: Mapping[Key, DjangoMigration], links: _Links) -> dict[Key, str]:
    """App and `__first__` or `__latest__` → the name of its root or leaf, the first one of several."""
    found: dict[Key, str] = {}
    followed = {parent for key in known for parent in links.follows[key]}
    for app, name in sorted(known):
        if not any(parent[0] == app for parent in links.follows[app, name]):
            found.setdefault((app, FIRST), name)
        if (app, name) not in followed:
            found.setdefault((app, LATEST), name)
    return found


def _without_replaced(known: Mapping[Key, DjangoMigration], links: _Links) -> dict[Key, DjangoMigration]:
    """Put each squashed migration where those were that it replaces, also those whose files are gone."""
    remaining = dict(known)
    for key in sorted(known):
        replaced = set(known[key].replaces) - {key}
        if not replaced or key not in remaining:
            continue
        for gone in sorted(replaced):
            for parent in [*links.follows.pop(gone, ()), *links.needs.pop(gone, ())]:
                if parent not in replaced | {key}:
                    links.add(key, parent)
            links.outside[key] |= links.outside.pop(gone, set())
            remaining.pop(gone, None)
        for child in list(remaining):
            for found in (links.follows, links.needs):
                if child != key and not replaced.isdisjoint(found[child]):
                    found[child] = [parent for parent in found[child] if parent not in replaced]
                    links.add(child, key)
                found[key] = [parent for parent in found[key] if parent not in replaced]
    return remaining


def _after_users(remaining: Mapping[Key, DjangoMigration], links: _Links, model: str | None) -> None:
    """Let what needs a package come after the project's own users, unless the users themselves need it first."""
    users = model.partition(".")[0] if model else ""
    roots = sorted(key for key in remaining if key[0] == users and not links.follows[key])
    if not roots:
        return
    graph = Graph.of(_node(key, links) for key in remaining)
    first = _text(roots[0])
    before = graph.ancestors(first) | {first}
    for key in remaining:
        if links.outside[key] - WITHOUT_USERS and _text(key) not in before:
            links.add(key, roots[0])


def _node(key: Key, links: _Links) -> Node:
    return Node(
        key=_text(key),
        follows=tuple(_text(parent) for parent in links.follows[key]),
        needs=tuple(_text(parent) for parent in links.needs[key]),
        line=key[0],
    )


def _migration(one: DjangoMigration, node: Node) -> Migration:
    replaced = tuple(_text(key) for key in one.replaces)
    return Migration(
        version=Version(node.key),
        name="",
        files=((ROLE, one.file),),
        ancestry=Ancestry(line=node.line, follows=node.follows, needs=node.needs, replaces=replaced),
    )


def _text(key: Key) -> str:
    """A dot sorts before whatever a label may hold, so that these sort as the pairs do."""
    return f"{key[0]}.{key[1]}"


# --- files ---


def _packages(files: Sequence[File]) -> dict[str, list[File]]:
    """The folder of every package `migrations` → the modules in it, in the order of their names.

    Without an `__init__.py` it is none, and Django passes over it.
    """
    found: defaultdict[str, list[File]] = defaultdict(list)
    packages: set[str] = set()
    for file in files:
        folder, base = posixpath.split(file.path)
        if posixpath.basename(folder) != PACKAGE or not posixpath.dirname(folder):
            continue
        if base == "__init__.py":
            packages.add(folder)
        elif (
            base.endswith(".py") and base[0] not in "_~" and base.removesuffix(".py").isidentifier() | base[0].isdigit()
        ):
            found[folder].append(file)
    return {folder: sorted(found[folder], key=lambda file: file.path) for folder in sorted(packages & found.keys())}


def _is_apps_file(file: File, packages: Mapping[str, object]) -> bool:
    folder, base = posixpath.split(file.path)
    return base == "apps.py" and posixpath.join(folder, PACKAGE) in packages


def _labels(packages: Iterable[str], apps_files: Iterable[File], texts: Mapping[str, str]) -> dict[str, str]:
    """The label of the app of each package: what its AppConfig says, else the name of its folder."""
    found = {package: posixpath.basename(posixpath.dirname(package)) for package in packages}
    for file in apps_files:
        package = posixpath.join(posixpath.dirname(file.path), PACKAGE)
        try:
            source = PythonSource.parse(texts[file.path], file.path)
        except InvalidMigrations:
            continue  # what runs them will say so
        found[package] = _label(source) or found[package]
    return found


def _label(source: PythonSource) -> str | None:
    """The label that Django's `AppConfig.create` finds: of the default class, or of the only one."""
    configs = {found.name: assignments(found.body) for found in source.classes() if found.bases}
    configs = {name: attributes for name, attributes in configs.items() if {"name", "label"} & attributes.keys()}
    chosen = [attributes for attributes in configs.values() if _constant(source, attributes.get("default")) is True]
    attributes = next(iter(chosen or configs.values()), {})
    label, name = (_constant(source, attributes.get(key)) for key in ("label", "name"))
    return label if isinstance(label, str) else name.rpartition(".")[2] if isinstance(name, str) else None


def _constant(source: PythonSource, expression: ast.expr | None) -> object:
    try:
        return None if expression is None else source.value(expression)
    except Unresolved:
        return None


def _settings(files: Iterable[File], names: set[str], read: Read) -> dict[str, str]:
    """What the settings say of swappable models; a model that Django or a package has is in no app of the project."""
    wanted = names | {USER_MODEL} if names else names
    found = {USER_MODEL: "auth.User"} if names else {}
    candidates = [file for file in files if _may_be_settings(file.path)] if wanted else []
    try:
        texts = read(candidates)
    except InvalidMigrations:
        return found
    for file in reversed(candidates):
        text = texts[file.path]
        if not any(name in text for name in wanted):
            continue
        try:
            source = PythonSource.parse(text, file.path)
        except InvalidMigrations:
            continue
        values = {name: _constant(source, source.names.get(name)) for name in wanted}
        found |= {name: value for name, value in values.items() if isinstance(value, str)}
    return found


def _may_be_settings(path: str) -> bool:
    *folders, base = path.split("/")
    return base.endswith(".py") and (
        base.startswith(("settings", "common", "base", "config"))
        or base.removesuffix(".py").endswith("settings")
        or folders[-1:] == ["settings"]
    )


# --- what a file says ---


def _read_package(
    app: str, files: Sequence[File], texts: Mapping[str, str]
) -> tuple[list[DjangoMigration], list[Problem]]:
    """The migrations of one package; nothing at all if no file in it holds one: it is another tool's."""
    sources: dict[File, PythonSource] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            sources[file] = PythonSource.head(texts[file.path], file.path, end=OPERATIONS, telling=TELLING)
        except InvalidMigrations as error:
            problems += error.problems
    if not any(_migration_class(source) for source in sources.values()):
        return [], []
    found: list[DjangoMigration] = []
    for file, source in sources.items():
        try:
            found.append(_read(app, file, source))
        except InvalidMigrations as error:
            problems += error.problems
    return found, problems


def _migration_class(source: PythonSource) -> ast.ClassDef | None:
    return next((found for found in reversed(source.classes()) if found.name == "Migration" and found.bases), None)


def _no_class(file: File) -> Problem:
    hint = "Django takes every module of this package for a migration: move it out, or begin its name with _"
    return Problem(path=file.path, message="has no class Migration", hint=hint)


def _read(app: str, file: File, source: PythonSource) -> DjangoMigration:
    """What the file says. Raises InvalidMigrations."""
    found = _migration_class(source)
    name = posixpath.basename(file.path).removesuffix(".py")
    if found is None:
        raise InvalidMigrations([_no_class(file)])
    attributes = assignments(found.body)
    one = DjangoMigration(app=app, name=name, file=file)
    plain, swappable = _dependencies(source, attributes.get("dependencies"))
    run_before, _ = _dependencies(source, attributes.get("run_before"))
    replaces, _ = _dependencies(source, attributes.get("replaces"))
    return replace(one, depends=plain, swappable=swappable, run_before=run_before, replaces=replaces)


def _dependencies(source: PythonSource, given: ast.expr | None) -> tuple[tuple[Key, ...], tuple[str, ...]]:
    """The pairs of a list, and the names of the settings in it. Raises InvalidMigrations."""
    plain: list[Key] = []
    swappable: list[str] = []
    for element in _elements(source, given):
        match element:
            case ast.Call(args=[model]) if called(element) == "swappable_dependency":
                match model:
                    case ast.Attribute(attr=name):
                        swappable.append(name)
                    case ast.Constant(value=str(text)):
                        plain.append((text.partition(".")[0], FIRST))
                    case _:
                        raise _unresolved(source, element.lineno)
            case ast.Call():  # `migrations.Migration.dependency(…)` and the like: no constant
                raise _unresolved(source, element.lineno)
            case _:
                plain.append(_pair(source, element))
    return tuple(plain), tuple(swappable)


def _elements(source: PythonSource, given: ast.expr | None) -> list[ast.expr]:
    match given:
        case None:
            return []
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return elements
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _elements(source, left) + _elements(source, right)
        case ast.Name(id=name) if name in source.names and source.names[name] is not given:
            return _elements(source, source.names[name])
    raise _unresolved(source, given.lineno)


def _pair(source: PythonSource, element: ast.expr) -> Key:
    try:
        match source.value(element):
            case (str(app), str(name)):
                return app, name
    except Unresolved:
        pass
    raise _unresolved(source, element.lineno)


def _unresolved(source: PythonSource, line: int) -> InvalidMigrations:
    hint = 'write it as pairs like ("polls", "0001_initial"): gitmig does not run the file to find out'
    message = "names what it comes after by no constant"
    return InvalidMigrations([Problem(path=source.path, line=line, message=message, hint=hint)])


def _is_one_way(call: ast.Call) -> bool:
    """Whether an operation is given nothing that takes it back."""
    position, name = ONE_WAY[called(call)]
    given = next((word.value for word in call.keywords if word.arg == name), None)
    if given is None and len(call.args) > position:
        given = call.args[position]
    hidden = any(word.arg is None for word in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args)
    return not hidden and (given is None or (isinstance(given, ast.Constant) and given.value is None))
