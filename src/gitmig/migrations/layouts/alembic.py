"""Alembic's revisions, as they lie in any commit: `versions/ae1027a6acf5_create_comments.py`, and `alembic.ini`.

Read without importing anything. Whether a revision has a down is told from its `downgrade`: one that only raises is
none, nor is one that does nothing where the `upgrade` does something.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from configparser import ConfigParser
from configparser import Error as IniError
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitmig.errors import UsageError
from gitmig.migrations.languages.program import ROLE, program
from gitmig.migrations.layouts.graph import Graph, Node, misfits, same_key, walked_down
from gitmig.migrations.layouts.python_source import PythonSource, Unresolved, calls, is_blank, only_raises
from gitmig.migrations.model import Ancestry, Content, InvalidMigrations, Migration, Problem, Script, Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitmig.migrations.layouts import Read
    from gitmig.migrations.layouts.python_source import Constant, Function
    from gitmig.migrations.model import File, Section

INI, TOML = "alembic.ini", "pyproject.toml"
REVISION_FILE = re.compile(r"(?!\.#|__init__)(.*\.py)$")  # `_only_source_rev_file` of alembic/script/base.py
LEGACY = re.compile(r"([a-f0-9]+)\.py$")  # the revision is in the file name alone, as alembic 0.1 wrote it
FUNCTION = re.compile(r"^(?:async def|def|class|@)\b", re.M)
ASSIGNED = re.compile(r"^(?![\s#]).*\b(?:revision|down_revision|depends_on|branch_labels)\b", re.M)
SEPARATORS = {"space": " ", "newline": "\n", "os": ":", ":": ":", ";": ";"}
SECTION = "alembic"
OPTIONS = (
    "script_location",
    "version_locations",
    "recursive_version_locations",
    "path_separator",
    "version_path_separator",
    "prepend_sys_path",
)
# What leaves alembic's transaction for as long as it lasts.
OUTSIDE = frozenset({"autocommit_block"})


class AlembicSettings(Struct, frozen=True, kw_only=True):
    """What alembic's own files say, with folders named from where the files are named from.

    `config` is the file that was read, None without one; alembic is started in its folder. The revisions lie in the
    `versions`, in this order, with folders below them if it is `recursive`.
    """

    config: File | None
    versions: tuple[str, ...]
    recursive: bool = False


class Revision(Struct, frozen=True, kw_only=True):
    """What the head of a revision's file says; `needs` may be branch labels, too."""

    id: str
    file: File
    follows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the file name says besides the revision: `create_comments`."""
        stem = posixpath.basename(self.file.name).removesuffix(".py")
        before, _, after = stem.partition(self.id)
        return after.strip("_-") or before.strip("_-")


class AlembicLayout:
    """One file for each revision; `down_revision` tells which one it follows."""

    name = "alembic"
    is_graph = True

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        try:
            found = revision_files(files, settings_of(files, read))
            texts = read(found)
        except InvalidMigrations as error:
            return [], list(error.problems)
        revisions: list[Revision] = []
        problems: list[Problem] = []
        for file in found:
            try:
                revisions.append(revision_of(file, texts[file.path]))
            except InvalidMigrations as error:
                problems += error.problems
        migrations, unfit = _in_order(revisions)
        return migrations, problems + unfit

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        ((role, file),) = migration.files
        source = PythonSource.parse(texts[role], file.path)
        language = program(self.name)
        up, down = source.function("upgrade"), source.function("downgrade")
        if up is None and "upgrade" not in _bound(source):
            hint = "write one, with nothing but `pass` in it if there is nothing to do"
            raise InvalidMigrations([Problem(path=file.path, message="has no upgrade()", hint=hint)])
        nothing = down is not None and is_blank(down) and not (up is not None and is_blank(up))
        has_none = (down is None and "downgrade" not in _bound(source)) or nothing or (down and only_raises(down))
        found: dict[Section, Function | None] = {"up": up, "down": down}
        sections = [
            Script(
                language=language,
                text=texts[role],
                path=file.path,
                transactional=section is None or not any(calls(section, OUTSIDE)),
                section=name,
                version=migration.version.text,
            )
            for name, section in found.items()
        ]
        return Content(up=sections[0], down=None if has_none else sections[1])

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """Raise UsageError: alembic knows where its files lie and what is in them."""
        raise UsageError("the migrations are Alembic's", hint=f'it writes new ones: alembic revision -m "{name}"')


def settings_of(files: Sequence[File], read: Read) -> AlembicSettings:
    """Where the revisions lie: as the nearest alembic.ini or [tool.alembic] says, else the usual places.

    Raises InvalidMigrations if the settings cannot be read, or name no folder of the repository.
    """
    by_name = sorted(files, key=lambda file: (file.name.count("/"), file.name))
    ini = next((file for file in by_name if posixpath.basename(file.name) == INI), None)
    tomls = [file for file in by_name if posixpath.basename(file.name) == TOML]
    tomls = [file for file in tomls if ini is None or _folder(file) == _folder(ini)]
    texts = read([*([ini] if ini else []), *tomls])
    toml = next((file for file in tomls if "[tool.alembic" in texts[file.path]), None)
    config = ini or toml
    if config is None:
        return AlembicSettings(config=None, versions=_usual(files))
    options = _toml(toml, texts[toml.path]) if toml else {}
    options |= _ini(ini, texts[ini.path]) if ini else {}
    return _settings(config, options, {posixpath.dirname(file.name) for file in files})


def revision_files(files: Iterable[File], settings: AlembicSettings) -> list[File]:
    """The files of the revisions, in the order in which alembic lists them."""
    found: dict[str, File] = {}
    for location in settings.versions:
        inside = [file for file in files if _is_below(file.name, location)]
        for file in sorted(inside, key=lambda file: _as_walked(file.name, location)):
            base = posixpath.basename(file.name)
            is_direct = _folder(file) == location
            if REVISION_FILE.match(base) and (is_direct or (settings.recursive and "__pycache__" not in file.name)):
                found.setdefault(file.path, file)
    return list(found.values())


def revision_of(file: File, text: str) -> Revision:
    """What the file says of itself. Raises InvalidMigrations."""
    source = PythonSource.head(text, file.path, end=FUNCTION, telling=ASSIGNED)
    base = posixpath.basename(file.name)
    if "revision" in source.names:
        ids = _texts(source, "revision")
    else:
        legacy = LEGACY.match(base)
        ids = (legacy[1],) if legacy else ()
    if len(ids) != 1 or "down_revision" not in source.names:
        what = "down_revision" if len(ids) == 1 else "revision"
        hint = "assign it at the top of the file, or move the file out of the folder of the revisions"
        raise InvalidMigrations([Problem(path=file.path, message=f"assigns no {what}", hint=hint)])
    return Revision(
        id=ids[0],
        file=file,
        follows=_texts(source, "down_revision"),
        needs=_texts(source, "depends_on"),
        labels=_texts(source, "branch_labels"),
    )


def _texts(source: PythonSource, name: str) -> tuple[str, ...]:
    """The strings that a name stands for: one, several, or none for None and for a name that is not assigned."""
    expression = source.names.get(name)
    if expression is None:
        return ()
    try:
        found: Constant = source.value(expression)
    except Unresolved as error:
        raise _unresolved(source, name, error.line) from error
    several = found if isinstance(found, tuple) else () if found is None else (found,)
    if not all(isinstance(one, str) for one in several):
        raise _unresolved(source, name, expression.lineno)
    return tuple(one for one in several if isinstance(one, str))


def _unresolved(source: PythonSource, name: str, line: int) -> InvalidMigrations:
    hint = "write it as a string, a tuple of strings or None: gitmig does not run the file to find out"
    return InvalidMigrations([Problem(path=source.path, line=line, message=f"{name} is no constant", hint=hint)])


def _in_order(revisions: Sequence[Revision]) -> tuple[list[Migration], list[Problem]]:
    """The migrations as a fresh database gets them, and what is wrong with the graph."""
    problems: list[Problem] = []
    known: dict[str, Revision] = {}
    for one in revisions:
        if one.id in known:
            problems.append(same_key(one.file, known[one.id].file))
        known.setdefault(one.id, one)
    labelled = {label: one.id for one in known.values() for label in one.labels}
    nodes = {
        one.id: Node(
            key=one.id,
            follows=tuple(labelled.get(key, key) for key in one.follows),
            needs=tuple(labelled.get(key, key) for key in one.needs),
        )
        for one in known.values()
    }
    graph = Graph.of(nodes.values())
    problems += misfits(graph, {key: one.file for key, one in known.items()}, "revision")
    order = list(nodes) if graph.cycle else walked_down(graph)
    return [_migration(known[key], nodes[key]) for key in order], problems


def _migration(revision: Revision, node: Node) -> Migration:
    return Migration(
        version=Version(revision.id),
        name=revision.name,
        files=((ROLE, revision.file),),
        ancestry=Ancestry(follows=node.follows, needs=node.needs),
    )


def _bound(source: PythonSource) -> set[str]:
    """The names that the module assigns or imports."""
    imports = [node for node in source.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {alias.asname or alias.name for node in imports for alias in node.names} | source.names.keys()


# --- where the files lie ---


def _ini(file: File, text: str) -> dict[str, Any]:
    """The options of the file's section, with `%(here)s` as the root of all folders."""
    parser = ConfigParser({"here": _root(file)})
    try:
        parser.read_string(text)
        return {name: parser.get(SECTION, name) for name in OPTIONS if parser.has_option(SECTION, name)}
    except IniError as error:
        raise _misread(file, str(error).partition("\n")[0]) from error


def _toml(file: File, text: str) -> dict[str, Any]:
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise _misread(file, str(error)) from error
    found = tool.get(SECTION, {}) if isinstance(tool, dict) else {}
    return {key: _with_root(value, _root(file)) for key, value in found.items()} if isinstance(found, dict) else {}


def _with_root(value: Any, root: str) -> Any:
    if isinstance(value, str):
        return value.replace("%(here)s", root).replace("%%", "%")
    return [_with_root(one, root) for one in value] if isinstance(value, list) else value


def _settings(config: File, options: Mapping[str, Any], folders: set[str]) -> AlembicSettings:
    location = options.get("script_location")
    if not isinstance(location, str) or not location:
        raise _misread(config, "it has no script_location")
    prepended = str(options.get("prepend_sys_path", ".")).replace(":", " ").split()
    below = [_joined(config, path) for path in dict.fromkeys([*prepended, ".", "src"])]
    given = options.get("version_locations") or []
    if isinstance(given, str):
        given = _split(config, given, options)
    versions = tuple(_place(config, place, below, folders) for place in given)
    scripts = _place(config, location, below, folders)
    return AlembicSettings(
        config=config,
        versions=versions or (posixpath.join(scripts, "versions") if scripts else "versions",),
        recursive=options.get("recursive_version_locations") in {True, "true"},
    )


def _split(config: File, text: str, options: Mapping[str, Any]) -> list[str]:
    """Several locations in one text, as `Config.get_version_locations_list` (alembic 1.20) takes them apart."""
    separator = options.get("path_separator", options.get("version_path_separator"))
    if separator is None:
        return [part for part in re.split(r", *| +", text.strip()) if part]
    if separator not in SEPARATORS:
        raise _misread(config, f"path_separator is {separator!r}")
    return [part.strip() for part in text.split(SEPARATORS[separator]) if part.strip()]


def _place(config: File, location: str, below: Sequence[str], folders: set[str]) -> str:
    """The folder of `alembic`, of `%(here)s/alembic`, or of `package.name:alembic`; "" is the top."""
    package, colon, rest = location.partition(":")
    if not colon:
        return _joined(config, location)
    path = posixpath.join(package.replace(".", "/"), rest)
    candidates = [posixpath.join(folder, path) if folder else path for folder in below]
    return next((one for one in candidates if any(_is_below(f"{f}/x", one) for f in folders)), candidates[0])


def _joined(config: File, path: str) -> str:
    """A path that alembic takes from the folder in which it is started, that of its configuration."""
    return posixpath.normpath(posixpath.join(_root(config), path)).lstrip("/").removeprefix(".")


def _root(file: File) -> str:
    return f"/{_folder(file)}"


def _folder(file: File) -> str:
    return posixpath.dirname(file.name)


def _usual(files: Sequence[File]) -> tuple[str, ...]:
    """Where revisions lie if nobody says so: in `versions` beside an `env.py`; or it is the folder itself."""
    folders = {_folder(file) for file in files if posixpath.basename(file.name) == "env.py"}
    beside = sorted(posixpath.join(folder, "versions") for folder in folders)
    found = [place for place in beside if any(_is_below(file.name, place) for file in files)]
    if found:
        return (min(found, key=lambda place: (place.count("/"), place)),)
    top = {_folder(file) for file in files if file.name.endswith(".py")}
    return ("",) if "" in top else ("versions",) if "versions" in top else ()


def _is_below(name: str, folder: str) -> bool:
    return not folder or name.startswith(f"{folder}/")


def _as_walked(name: str, location: str) -> list[tuple[bool, str]]:
    """A key that sorts as `os.walk` goes: the files of a folder by name, then the folders in it by name."""
    *folders, base = name[len(location) :].lstrip("/").split("/")
    return [*((True, folder) for folder in folders), (False, base)]


def _misread(file: File, message: str) -> InvalidMigrations:
    hint = "alembic itself could not read it; correct it, or name the folder of the revisions in gitmig's settings"
    return InvalidMigrations([Problem(path=file.path, message=f"tells no place of revisions: {message}", hint=hint)])
