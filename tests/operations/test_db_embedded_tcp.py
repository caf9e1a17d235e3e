"""The embedded server on this machine's own address, for programs that know no unix sockets."""

from __future__ import annotations

import socket
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gitmig.errors import UsageError
from gitmig.operations import db
from gitmig.postgres.loopback import HOST, free_port
from gitmig.project.project import Project
from tests.conftest import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("cold")  # servers are children of what starts them


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Sandbox]:
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(folder.stat().st_mode | 0o111)
    made = Sandbox(tmp_path / "repo", {})
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.table("0001_a", "a")
    yield made
    made.gitmig("db", "stop", check=False)


def where(url: str) -> tuple[object, ...]:
    """Where a session is on the server's side, and as whom."""
    with psycopg.connect(url) as connection:
        (row,) = connection.execute("SELECT host(inet_server_addr()), inet_server_port(), current_user").fetchall()
    return row


def test_it_listens_with_a_password_until_it_is_told_otherwise(repo: Sandbox) -> None:
    project = Project.load(repo.root)
    with pytest.raises(Exception, match="JDBC cannot reach dev: it knows no unix sockets"):
        db.url(project, jdbc=True)
    before = where(db.url(project))
    said = repo.gitmig("db", "start", "--tcp").out.splitlines()
    url = repo.gitmig("db", "url").out.strip()
    parts = conninfo_to_dict(url)
    port = int(str(parts["port"]))
    assert (before, said[0]) == ((None, None, "postgres"), "started"), "again, for that"
    assert said[1].startswith(f"listens on {HOST}:{port}; `gitmig db url` prints the URL with its password")
    assert where(url) == (HOST, port, "postgres")
    assert (
        db.url(project, jdbc=True) == f"jdbc:postgresql://{HOST}:{port}/dev?user=postgres&password={parts['password']}"
    )

    for others in ({"password": "guessed"}, {"password": ""}, {"user": "root"}):
        with pytest.raises(psycopg.OperationalError, match=r"authentication failed|no password|no pg_hba\.conf entry"):
            where(make_conninfo(url, **others))
    remembered = project.server.home / "tcp.json"
    assert stat.S_IMODE(remembered.stat().st_mode) == 0o600
    assert str(parts["password"]) not in (project.server.data / "log").read_text()

    assert repo.gitmig("sync").status == 0, "gitmig itself has no need of it"
    assert where(project.url)[0] is None
    assert project.binding.database == "embedded:dev"

    assert (db.stop(project), db.start(project), db.url(project)) == (True, True, url), "it stays"
    assert db.listen(project) is False
    assert db.listen_no_more(project) is True
    assert where(db.url(project)) == (None, None, "postgres")
    assert (remembered.exists(), db.listen_no_more(project)) == (False, False)
    with pytest.raises(psycopg.OperationalError):
        where(url)


def test_a_port_that_somebody_else_has_keeps_nobody_from_the_database(repo: Sandbox) -> None:
    project, port = Project.load(repo.root), free_port()
    db.listen(project, port)
    db.stop(project)
    with closing(socket.create_server((HOST, port))):
        assert repo.gitmig("sync").status == 0
        printed = repo.gitmig("db", "url")
        assert where(printed.out.strip())[0] is None, "it is that of the socket"
        assert (
            printed.err
            == "warning: another program listens on the server's port; `gitmig db start --tcp PORT` takes another\n"
        )
        with pytest.raises(UsageError, match=f"another program listens on port {port} of this machine"):
            db.listen(project, port)
        assert project.server.is_running(), "and was not stopped for that"
        db.listen(project)
        assert where(db.url(project))[1] not in {None, port}
