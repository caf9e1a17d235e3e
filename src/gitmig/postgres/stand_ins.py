"""Extensions in SQL for the embedded server, where its programs came without the real ones.

Each can be told from the real one: by its version, `gitmig`, by its comment, and by the warning that `CREATE EXTENSION`
gives. They lie in the server's own directory, where PostgreSQL looks last. Nothing of a database says which one it was
made from but that version: the same `CREATE EXTENSION`, also that of a dump, makes the real one elsewhere.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

FIRST_VERSION = 18  # of PostgreSQL, that looks for extensions elsewhere than among its own files
VERSION = "gitmig"  # of an extension that is a stand-in
WARNING = "01GM1"  # the SQLSTATE of the warning
DIRECTORY = "gitmig"
NAMES = {
    "pgcrypto": "stand-in for pgcrypto by gitmig: hashes and random values",
    "uuid-ossp": "stand-in for uuid-ossp by gitmig",
}


def settings(data: Path, version: int) -> list[str]:
    """Write them into a server's directory; the settings (`name=value`) with which it finds them, at its start."""
    path = data / DIRECTORY
    if version < FIRST_VERSION or ":" in str(path):  # which separates the paths
        return []
    folder = path / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    for place in (path, folder):
        place.chmod(0o755)  # root's server is another user; the directory above lets nobody else in
    for name, comment in NAMES.items():
        control = f"comment = '{comment}'\ndefault_version = '{VERSION}'\nrelocatable = true\ntrusted = true\n"
        _write(folder / f"{name}.control", control)
        _write(folder / f"{name}--{VERSION}.sql", _script(name))
    return [f"extension_control_path=$system:{path}"]


def watch(connection: psycopg.Connection[Any], tell: Callable[[str], None]) -> None:
    """Have each stand-in that is made in the session told once, in its own words."""
    told: set[str] = set()

    def look(notice: psycopg.errors.Diagnostic) -> None:
        said = notice.message_primary or ""
        if notice.sqlstate == WARNING and said not in told:
            told.add(said)
            tell(said)

    connection.add_notice_handler(look)


def _script(name: str) -> str:
    """What makes the extension; both need SHA-1, under a name of their own."""
    source = files("gitmig.postgres") / "extensions"
    sha1, own = ((source / file).read_text(encoding="utf-8") for file in ("sha1.sql", f"{name}.sql"))
    called = f"gitmig_{name.replace('-', '_')}_sha1"
    return f"{sha1}\n{own}".replace("gitmig_sha1", called)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
