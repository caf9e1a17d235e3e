"""Every way in which git moves, played with real git: afterwards gitmig has seen the work tree that git left.

What a sync would do is noted instead of done, so that every row can be played in both kinds of work trees and in every
shell. With a database they are in test_git_walk.py.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from gitmig.git import hooks
from gitmig.git.repository import Repository
from tests.conftest import REFTABLE, Sandbox, git_version
from tests.e2e import follower
from tests.git_events import GROUPS, WORLD, Database, Row
from tests.hook_managers import from_words

ROWS = [row for rows in GROUPS.values() for row in rows]
# The hook's shell: this variable's ("bash", "busybox sh"), else the system's; in linked work trees one that knows whole
# seconds only, if there is one.
SHELL = os.environ.get("GITMIG_TEST_SHELL")
SHELLS = {
    "main": SHELL or "sh",
    "linked": SHELL or ("busybox sh" if shutil.which("busybox") else "sh"),
} | ({"reftable": SHELL or "sh"} if git_version() >= REFTABLE else {})
# A tool that owns the hooks, which runs before gitmig and once more behind it: "husky 9" is played by its stand-in,
# "husky 9=npx husky" by itself.
MANAGER = os.environ.get("GITMIG_TEST_MANAGER")
has_committed_hooks = (MANAGER or "").startswith(("husky", "lefthook"))
# For `git rebase --exec` and `git bisect run`: fails where gitmig has not seen the files that are there.
CHECK = f"""#!/bin/sh
[ "$(tail -n 1 "$(git rev-parse --git-dir)/{follower.NOTES}")" = "$(ls migrations | tr '\\n' ' ' | sed 's/ $//')" ]
"""


def program(path: Path, text: str) -> None:
    """Write something that can be run."""
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository that has the branches of WORLD and the hooks, and programs for the PATH."""
    top = tmp_path_factory.mktemp("original")
    (top / "bin").mkdir()
    program(top / "bin/check", CHECK)
    program(top / "bin/python", f'#!/bin/sh\nexec {sys.executable} {follower.__file__} "$@"\n')
    program(top / "bin/gitmig", f"#!/bin/sh\nexec {sys.executable} {follower.__file__}\n")
    return top


@pytest.fixture
def tree(request: pytest.FixtureRequest, original: Path, tmp_path: Path) -> Sandbox:
    """A work tree on main of a repository with the branches of WORLD; git calls the hooks."""
    refs = ("--ref-format=reftable",) if request.param == "reftable" else ()
    built = original / ("reftable" if refs else "files")
    if not built.exists():
        built.mkdir()
        first = Sandbox(built, {})
        first.git("init", "-q", "--initial-branch=main", *refs)
        if MANAGER:
            give_hooks(first)
        Sandbox(built, {"GITMIG_SKIP": "1"}).run("sh", "-ec", WORLD)
        if not MANAGER:
            hooks.install(Repository.open(built))
    shutil.copytree(built, tmp_path / "project")
    shell = SHELLS[request.param]
    use(tmp_path / "project", shell, original)
    sandbox = Sandbox(tmp_path / "project", {"PATH": f"{original}/bin:{os.environ['PATH']}"})
    if request.param == "linked":
        sandbox.git("switch", "-q", "--detach")
        sandbox.git("worktree", "add", "-q", "../linked", "main")
        sandbox.root = tmp_path / "linked"
        if MANAGER:
            give_hooks(sandbox)
            use(tmp_path / "project", shell, original)
            use(sandbox.root, shell, original)
    sandbox.git("update-index", "--refresh", "-q")
    sandbox.run("gitmig")
    return sandbox


def give_hooks(tree: Sandbox) -> None:
    """Have the tool of MANAGER own the hooks, and gitmig called from there."""
    assert MANAGER
    tool = from_words(MANAGER)
    for path, text in tool.files.items():
        if not (tree.root / path).exists():
            tree.write(path, text)
    tool.run(tree)
    hooks.install(Repository.open(tree.root), consent=lambda changes: True)
    tool.run(tree)


def use(root: Path, shell: str, original: Path) -> None:
    """Have gitmig's scripts be run by this shell, and note what a sync would do instead of doing it."""
    program, *arguments = shell.split()
    for folder in (".git/hooks", ".git/gitmig/hooks", ".husky/_"):
        for hook in (root / folder).iterdir() if (root / folder).is_dir() else ():
            text = hook.read_text()
            if f"python={sys.executable}" in text:
                text = text.replace(f"python={sys.executable}", f"python={original}/bin/python")
                hook.write_text(text.replace("#!/bin/sh", " ".join([f"#!{shutil.which(program)}", *arguments])))


def seen(tree: Sandbox) -> str:
    """The files that gitmig saw last."""
    notes = Path(tree.git("rev-parse", "--absolute-git-dir").out.strip(), follower.NOTES)
    return notes.read_text().splitlines()[-1]


def files(tree: Sandbox) -> str:
    """The files that are there."""
    return " ".join(sorted(path.name for path in (tree.root / "migrations").glob("*.sql")))


@pytest.mark.each_choice
@pytest.mark.parametrize("tree", [*SHELLS], indirect=True)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", "-", row.does))
def test_what_git_has_left_is_seen(tree: Sandbox, row: Row) -> None:
    for command in row.before:
        tree.run("sh", "-c", command)
    for command in row.commands:
        before = seen(tree)
        said = tree.run("sh", "-c", command)
        text = f"{command}\n{said.out}{said.err}"
        expected = (has_committed_hooks and row.with_manager) or row.database
        if expected is Database.FOLLOWS:
            assert seen(tree) == files(tree), text
        else:
            assert seen(tree) == before, text
            assert expected is Database.STAYS or before != files(tree), text
