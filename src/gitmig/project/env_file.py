"""The application's own file with environment variables, in which the URL of the work tree's database is kept."""

from __future__ import annotations

import io
import json
import re
import stat
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError
from gitmig.files import replace_file
from gitmig.postgres.address import Address, location, url_with_name
from gitmig.postgres.url import plain_url
from gitmig.project.project import BASES, read_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitmig.project.project import Project

VARIABLE = "DATABASE_URL"
VALUE = r"""'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|[^\r\n]*?"""
LINE = re.compile(rf"(\s*(?:export\s+)?{VARIABLE}[^\S\r\n]*=[^\S\r\n]*)({VALUE})((?:[^\S\r\n]+\#[^\r\n]*)?\s*)")
NEEDS_NO_QUOTES = re.compile(r"[\w:/@?&=%.+,~{}*!()-]*")


def write_url(project: Project, name: str) -> bool:
    """Have the file `name`, a path from the top of the work tree, give the URL; False if it does so already.

    Only that one variable is touched. Raises GitmigError if git does not ignore the file, UsageError.
    """
    path = _checked(project, name)
    before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    after = with_url(before, lambda old: _url_for(project, old))
    if after == before:
        return False
    _note_base(project)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else stat.S_IRUSR | stat.S_IWUSR
    try:
        replace_file(path, after.encode("utf-8", "surrogateescape"), mode=mode)
    except OSError as error:
        raise GitmigError(f"cannot write {name}: {error.strerror}", hint="check the folder's permissions") from error
    return True


def with_url(text: str, url_for: Callable[[str | None], str]) -> str:
    """The text of such a file with another value of the variable, comments, order and quotes kept.

    `url_for` gives the URL in the place of the old one, None if there is none. Where it is set more than once, the
    last one counts.
    """
    from dotenv.parser import parse_stream

    parts = list(parse_stream(io.StringIO(text, newline="")))
    places = [place for place, part in enumerate(parts) if part.key == VARIABLE and not part.error]
    texts = [part.original.string for part in parts]
    if not places:
        end = "" if not text or text.endswith(("\n", "\r")) else "\n"
        return f"{text}{end}{VARIABLE}={_quoted(url_for(None), '')}\n"
    found = LINE.fullmatch(texts[places[-1]])
    url = url_for(parts[places[-1]].value)
    if url == parts[places[-1]].value:
        return text
    if found is None:  # `export NAME` alone, say
        texts[places[-1]] += f"{VARIABLE}={_quoted(url, '')}\n"
    else:
        quote = found[2][:1] if found[2][:1] in {"'", '"'} else ""
        texts[places[-1]] = f"{found[1]}{_quoted(url, quote)}{found[3]}"
    return "".join(texts)


def _quoted(url: str, quote: str) -> str:
    if NEEDS_NO_QUOTES.fullmatch(url):
        return f"{quote}{url}{quote}"
    escaped = url.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _url_for(project: Project, old: str | None) -> str:
    """The old URL with another name, if it leads to the same server: it may have a driver and options of its own."""
    name = project.address.name
    try:
        if old and "://" in old and location(url_with_name(plain_url(old).url, name)) == location(project.url):
            return url_with_name(old, name) if Address.of(plain_url(old).url).name != name else old
    except UsageError:
        pass  # not a URL of PostgreSQL
    return project.url


def _note_base(project: Project) -> None:
    """Note what the name was made from: gitmig may read the same file the next time, and must not make it twice."""
    if project.naming is None:
        return
    path = project.repository.make_private(shared=True) / BASES
    known = {**read_json(path), project.name: project.naming.base}
    replace_file(path, json.dumps(known).encode())


def _checked(project: Project, name: str) -> Path:
    """Where the file is. Raises GitmigError, UsageError."""
    top = project.repository.work_tree
    path = top / name
    if not path.parent.resolve().is_relative_to(top.resolve()) or path == top:
        raise UsageError(f"{name} is outside the work tree", hint="name a file by its path from the top of it")
    if path.is_symlink():
        raise GitmigError(
            f"{name} is a link: to write there would change another work tree's file",
            hint=f"replace it by a copy: cp --remove-destination $(readlink {name}) {name}",
        )
    if path.exists() and not path.is_file():
        raise UsageError(f"{name} is no file", hint="name the application's file, as .env")
    if not project.repository.ignored([name]):
        raise GitmigError(
            f"git does not ignore {name}: it holds what is this work tree's alone, perhaps a password",
            hint=f"write {name} into .gitignore; a file that git tracks: git rm --cached {name}",
        )
    return path
