"""Syncs that move rows and are broken off: killed, cut off, out of disk. Nothing is lost; the next one completes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import url_of
from tests.law.case import LONG
from tests.law.tour import Scripts, difference
from tests.warm import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.law.tour import Databases, Tour
    from tests.warm import Started

pytestmark = pytest.mark.usefixtures("warm")

TIMES = 40 if LONG else 5

BASE = Scripts(
    up="""CREATE TABLE a (id serial PRIMARY KEY, v text, n int); CREATE TABLE b (id int PRIMARY KEY, v text, n int);
        CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a); CREATE TABLE d (v text);""",
    down=None,
)
ROWS = """INSERT INTO a (v, n) SELECT 'row ' || g, g FROM generate_series(1, 400) g;
INSERT INTO b SELECT id, v, n / 2 FROM a; INSERT INTO c SELECT id, id FROM a; INSERT INTO d SELECT v FROM a"""
STEPS = {
    "2_values": Scripts(up="UPDATE b SET n = n + 1; UPDATE a SET v = upper(v);", down="UPDATE b SET n = n - 1;"),
    "3_column": Scripts(up="ALTER TABLE b DROP n; ALTER TABLE a ADD m int DEFAULT 5;", down="ALTER TABLE a DROP m;"),
    "4_table": Scripts(up="DROP TABLE c; DELETE FROM d WHERE v LIKE '%7';", down=None),
    "5_index": Scripts(up="CREATE INDEX d_v ON d (v);", down="DROP INDEX d_v;"),
}
OUTSIDE = "6_outside"
NEAR, FAR = {"1_base": BASE}, {"1_base": BASE, **STEPS}


class Sides:
    """Both sides of a tour with rows, as they were when nobody broke anything off."""

    def __init__(self, tour: Tour) -> None:
        self.tour = tour
        tour.sync(NEAR)
        tour.people(ROWS)
        self.near = tour.rows()
        tour.sync(FAR)
        tour.people("INSERT INTO b VALUES (500, 'people'); UPDATE a SET m = 7 WHERE id = 3; DELETE FROM a WHERE id = 4")
        self.far = tour.rows()
        tour.sync(NEAR)
        self.near = tour.rows()

    def lay_out(self, *, far: bool) -> None:
        """Write the files of a side, and run nothing."""
        folder = self.tour.root / "migrations"
        for path in folder.glob("*.sql"):
            path.unlink()
        for label, scripts in (FAR if far else NEAR).items():
            down = "" if scripts.down is None else f"-- migrate:down\n{scripts.down}\n"
            (folder / f"{label}.sql").write_text(f"-- migrate:up\n{scripts.up}\n{down}")

    def start(self) -> Started:
        """Sync in a process of its own."""
        arguments = ("sync", "--yes", "--database", self.tour.url)
        with Path(os.devnull).open("w") as nothing:
            return start(arguments, self.tour.root, {}, (nothing.fileno(),) * 2)

    def must_be_whole(self, when: str) -> None:
        """The rows are those of one side or of the other: a plan in one transaction is done or not."""
        found = self.tour.rows()
        near, far = difference(self.near, found), difference(self.far, found)
        assert not near or not far, "\n".join([when, "of the near side:", *near, "of the far side:", *far])

    def must_complete(self) -> None:
        """The next syncs go there and back, and every row is where it was."""
        for target, rows in ((FAR, self.far), (NEAR, self.near), (FAR, self.far)):
            self.tour.sync(target)
            found = difference(rows, self.tour.rows()) + self.tour.stuck()
            assert not found, "\n".join([*found, str(self.tour)])


@pytest.fixture
def sides(tour: Tour) -> Sides:
    """At the near side, after one tour: all schemas are known, and a sync takes as long as any."""
    return Sides(tour)


def kill(process: Started, url: str) -> None:
    process.kill()


def cut_off(process: Started, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("stop", [kill, cut_off])
def test_a_sync_that_is_broken_off_loses_no_row(sides: Sides, stop: Callable[[Started, str], None]) -> None:
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    broken = 0
    longest = duration(sides)
    for number in range(TIMES):
        sides.lay_out(far=number % 2 == 0)
        process = sides.start()
        time.sleep(longest * (number + rng.random()) / TIMES)
        broken += process.is_running()
        stop(process, sides.tour.url)
        process.wait()
        wait_for_backends(sides.tour.url)
        sides.must_be_whole(f"seed {seed}, number {number}")
    assert broken, "every sync was over before it could be broken off"
    sides.must_complete()


def test_a_step_outside_a_transaction_that_is_killed_loses_no_row(sides: Sides) -> None:
    """Its statements are undone one by one, or done to the end: in between is no side."""
    rng = random.Random(1)
    longest = duration(sides)
    sides.tour.sync(FAR)
    folder = sides.tour.root / "migrations"
    up = "CREATE INDEX CONCURRENTLY i ON b (v);\nALTER TABLE a ADD z int;\nCREATE INDEX CONCURRENTLY j ON a (z);"
    down = "DROP INDEX CONCURRENTLY j;\nALTER TABLE a DROP z;\nDROP INDEX CONCURRENTLY i;"
    text = f"-- migrate:up transaction:false\n{up}\n-- migrate:down transaction:false\n{down}\n"
    (folder / f"{OUTSIDE}.sql").write_text(text)
    for _ in range(TIMES // 2):
        for there in (True, False):
            if there:
                (folder / f"{OUTSIDE}.sql").write_text(text)
            else:
                (folder / f"{OUTSIDE}.sql").unlink(missing_ok=True)
            process = sides.start()
            time.sleep(longest * rng.random())
            process.kill()
            process.wait()
            wait_for_backends(sides.tour.url)
    (folder / f"{OUTSIDE}.sql").write_text(text)
    for _ in range(2):
        status, said = sides.tour.gitmig("sync", "--yes")
        assert status == 0, said
        (folder / f"{OUTSIDE}.sql").unlink()
        sides.tour.sync(FAR)
        found = difference(sides.far, sides.tour.rows())
        assert not found, "\n".join([*found, str(sides.tour)])
        (folder / f"{OUTSIDE}.sql").write_text(text)


def test_a_sync_that_runs_out_of_disk_loses_no_row(databases: Databases, server: str) -> None:
    with small_disk(server) as (tablespace, disk):
        try:
            run_out(databases.tour(f"TEMPLATE template0 TABLESPACE {tablespace}"), disk)
        finally:
            databases.drop()


def run_out(tour: Tour, disk: Path) -> None:
    """Sync with less and less room, and at last with enough."""
    sides = Sides(tour)
    before = free(disk)
    tour.sync(FAR)
    need = max(before - free(disk), 256 * 1024)
    tour.sync(NEAR)
    refused = 0
    for number in range(TIMES):
        sides.lay_out(far=True)
        with ballast(disk, leave=need * number // (TIMES - 1)):
            status, said = tour.gitmig("sync", "--yes")
        assert status in {0, 3}, said  # and never 4: a full disk is no bug
        refused += status == 3
        sides.must_be_whole(f"try {number} of {TIMES}\n{said}")
        tour.sync(NEAR)
    assert refused, "the disk was never full"
    sides.must_complete()


@contextmanager
def small_disk(server: str) -> Iterator[tuple[str, Path]]:
    """A tablespace on a small file system of its own; skips where none can be mounted."""
    with psycopg.connect(url_of(server, "postgres"), autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        data = Path(str(row[0]) if row else "")
        if os.geteuid() != 0 or sys.platform != "linux" or not data.is_dir():
            pytest.skip("needs a file system of its own, which only root may mount")
        place = Path(f"/tmp/gitmig-disk-{os.getpid()}")  # where the server's user may go, unlike pytest's own folder
        place.mkdir()
        options = f"size=48m,uid={data.stat().st_uid},gid={data.stat().st_gid},mode=700"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=False).returncode:
            place.rmdir()
            pytest.skip("a file system of its own cannot be mounted here")
        name = f"small_{os.getpid()}"
        try:
            connection.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'".encode())
            yield name, place
        finally:
            connection.execute(f"DROP TABLESPACE IF EXISTS {name}".encode())
            subprocess.run(["umount", "--lazy", str(place)], check=True)
            place.rmdir()


def free(disk: Path) -> int:
    """Bytes that are left."""
    there = os.statvfs(disk)
    return there.f_bavail * there.f_frsize


@contextmanager
def ballast(disk: Path, leave: int) -> Iterator[None]:
    """Fill a file system up, but for some bytes."""
    file = disk / "ballast"
    with file.open("wb") as out, suppress(OSError):  # the server may write something meanwhile
        for _ in range(max(free(disk) - leave, 0) // 4096):
            out.write(b"\0" * 4096)
    try:
        yield
    finally:
        file.unlink()


def duration(sides: Sides) -> float:
    """Seconds that a sync to the far side takes here and now, and one back."""
    began = time.monotonic()
    for far in (True, False):
        sides.lay_out(far=far)
        sides.start().wait()
    return (time.monotonic() - began) / 2


def wait_for_backends(url: str) -> None:
    """A backend notices that its client is gone when it has finished its statement."""
    query = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query).fetchone() != (0,):
            time.sleep(0.01)
