"""One change of the worked example as a migration in every language: column contents becomes body, with its length."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

UP = (
    "ALTER TABLE comments RENAME COLUMN contents TO body",
    "ALTER TABLE comments ADD COLUMN size int",
    "UPDATE comments SET size = length(body)",
    "CREATE INDEX comments_body ON comments (body)",
)
DOWN = (
    "DROP INDEX comments_body",
    "ALTER TABLE comments DROP COLUMN size",
    "ALTER TABLE comments RENAME COLUMN body TO contents",
)
UP_SQL, DOWN_SQL = (";\n".join(section) + ";\n" for section in (UP, DOWN))

PYTHON = f"""\
def upgrade(connection):
    for statement in {UP!r}:
        connection.execute(statement)


def downgrade(connection):
    for statement in {DOWN!r}:
        connection.execute(statement)
"""
ASYNC_PYTHON = PYTHON.replace("def ", "async def ").replace("connection.execute(", "await connection.execute(")
SHELL = f"""\
#!/bin/sh
case $1 in
up) cat <<'END'
{UP_SQL}END
;;
down) cat <<'END'
{DOWN_SQL}END
;;
esac
"""
JAVASCRIPT = f"""\
const sections = {{ up: `{UP_SQL}`, down: `{DOWN_SQL}` }};
console.log(sections[process.argv[2]]);
"""
JAVA = f"""\
class Change {{
    static final String UP = "{";".join(UP)};";
    static final String DOWN = "{";".join(DOWN)};";
    public static void main(String[] arguments) {{
        System.out.println(arguments[0].equals("up") ? UP : DOWN);
    }}
}}
"""
CPP = f"""\
#include <cstdio>
#include <cstring>
int main(int, char** arguments) {{
    std::puts(std::strcmp(arguments[1], "up") == 0 ? "{";".join(UP)};" : "{";".join(DOWN)};");
}}
"""

# Ending and text; what has to be installed for it.
PROGRAMS = {
    "python": ("py", PYTHON, None),
    "async python": ("py", ASYNC_PYTHON, None),
    "shell": ("sh", SHELL, None),
    "javascript": ("js", JAVASCRIPT, "node"),
    "java": ("java", JAVA, "java"),
    "c++": ("cpp", CPP, "c++"),
}


def languages() -> list[object]:
    """The parameters of a test that runs in every language: each is skipped where it is not installed."""
    return [
        pytest.param(name, marks=pytest.mark.skipif(bool(tool and not shutil.which(tool)), reason=f"needs {tool}"))
        for name, (_, _, tool) in PROGRAMS.items()
    ]


@pytest.fixture
def quick_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java, which compiles a program whenever it runs it, with the compiler that is quicker to begin."""
    if java := shutil.which("java"):
        wrapper = tmp_path / "quick" / "java"
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(java)} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setenv("PATH", str(wrapper.parent), prepend=":")
