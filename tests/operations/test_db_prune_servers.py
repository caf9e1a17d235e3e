"""`gitmig db prune` finds embedded servers whose clone was deleted, and no others."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from gitmig.cli.main import run
from gitmig.postgres import lost_servers as lost_servers_module
from gitmig.postgres.embedded import EmbeddedServer
from gitmig.postgres.lost_servers import lost_servers
from tests.conftest import Sandbox
from tests.servers import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import Cluster

pytestmark = pytest.mark.usefixtures("cold")  # servers are children of what starts them


@pytest.fixture
def clone(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], tuple[Path, EmbeddedServer]]]:
    """Make a bare clone of this name, with its server running.

    It is called otherwise than others: what other tests prune at the same time does not find it.
    """
    monkeypatch.setattr(lost_servers_module, "ENDING", ".pruned/gitmig/postgres")
    with tempfile.TemporaryDirectory(prefix="gitmig-tests-", dir=in_memory(), ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        pids: list[int] = []

        def make(name: str) -> tuple[Path, EmbeddedServer]:
            made = Path(folder) / f"{name}.pruned"
            Sandbox(Path(folder), {}).git("init", "--quiet", "--bare", str(made))
            server = EmbeddedServer(made / "gitmig")
            cluster.copy_to(server)
            server.start()
            pids.append(pid_of(server))
            return made, server

        yield make
        for pid in pids:
            with suppress(psutil.Error):
                if (process := psutil.Process(pid)).cwd().startswith(folder):
                    process.send_signal(signal.SIGQUIT)


def pid_of(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def lost(users: set[int]) -> list[int]:
    return [one.process.pid for one in lost_servers(users)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a directory that a process is in")
def test_a_server_whose_clone_was_deleted_is_shown_and_ended(
    sandbox: Sandbox,
    clone: Callable[[str], tuple[Path, EmbeddedServer]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(sandbox.root)
    monkeypatch.setenv("DATABASE_URL", sandbox.environment["DATABASE_URL"])
    deleted, server = clone("a clone")
    pid, sockets = pid_of(server), server._sockets()
    assert sockets is not None
    assert sockets != server.data
    shutil.rmtree(deleted)
    line = f"  embedded server, process {pid}  clone {deleted} was deleted\n"
    assert run(["db", "prune"]) == 0
    assert capsys.readouterr().out == f"{line}nothing was dropped; `--yes` drops them\n"
    assert Path(f"/proc/{pid}").exists()
    assert run(["db", "prune", "--yes"]) == 0
    assert capsys.readouterr().out == f"{line}dropped 1 embedded server\n"
    assert not Path(f"/proc/{pid}").exists()
    assert not sockets.exists()


def test_what_is_left_of_a_git_directory_is_ended_and_deleted_and_nothing_else(
    clone: Callable[[str], tuple[Path, EmbeddedServer]],
) -> None:
    git_directory, server = clone("left")
    pid, users = pid_of(server), server.users
    assert pid not in lost(users)
    moved = git_directory.with_name("elsewhere.pruned")
    git_directory.rename(moved)
    assert pid not in lost(users), "a clone that was moved is there"
    moved.rename(git_directory)
    for entry in git_directory.iterdir():
        if entry.name not in {"gitmig", "HEAD"}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    assert pid not in lost(users), "a broken repository is one"
    head = (git_directory / "HEAD").read_text()
    (git_directory / "HEAD").unlink()
    (found,) = (one for one in lost_servers(users) if one.process.pid == pid)
    assert (found.git_directory, found.is_deleted) == (git_directory, False)
    (git_directory / "HEAD").write_text(head)
    assert found.remove() is False, "it is looked at again"
    assert server.is_running()
    (git_directory / "HEAD").unlink()
    assert found.remove() is True
    assert not (git_directory / "gitmig").exists()
    assert pid not in lost(users)
