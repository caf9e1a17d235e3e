"""Programs that misbehave, vanish, or are several at once, and what is left when they have ended."""

from __future__ import annotations

import resource
import socket
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import GitmigError
from gitmig.postgres.forwarder import Forwarder, can_forward

if TYPE_CHECKING:
    from tests.conftest import Database
    from tests.postgres.forwarder.conftest import Migration


def test_the_socket_is_for_its_user_alone_and_gone_afterwards(migration: Migration) -> None:
    with migration.forwarder() as forwarder:
        folder = Path(forwarder.environment["PGHOST"])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / ".s.PGSQL.5432").is_socket()
    assert not folder.exists()
    assert migration.savepoints_are_gone()


def test_a_connection_outside_a_transaction_is_refused(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        assert can_forward(connection.pgconn)
        with pytest.raises(GitmigError, match="not idle inside a transaction"):
            Forwarder(connection.pgconn, database=database.name, user="postgres")


def test_another_connection_waits_and_then_hears_why_not(migration: Migration) -> None:
    said = migration.python(
        """
import psycopg
a, b = psycopg.connect(URL), psycopg.connect(URL)
a.execute("CREATE TABLE t (i int)")
try:
    b.execute("SELECT 1")
except psycopg.Error as error:
    print(error.sqlstate, error.diag.message_primary)
a.commit()
b.rollback()
b.execute("INSERT INTO t VALUES (1)")
b.commit()
""",
        patience=0.3,
    )
    assert said == (
        "55P03 another connection of this migration is inside a transaction; there is one transaction for all of them\n"
    )
    assert migration.value("SELECT count(*) FROM t") == 1


def test_one_that_reads_and_one_that_writes_do_not_wait_for_each_other_for_ever(migration: Migration) -> None:
    said = migration.python(
        """
import psycopg
a, b = psycopg.connect(URL, autocommit=True), psycopg.connect(URL, autocommit=True)
b.execute("CREATE TABLE t (i int)")
try:
    for _ in a.cursor().stream("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"):
        b.execute("INSERT INTO t VALUES (1)")
except psycopg.Error as error:
    print(error.sqlstate)
""",
        patience=0.3,
    )
    assert said == "55P03\n"


def test_threads_take_turns(migration: Migration) -> None:
    migration.python("""
import psycopg, threading
psycopg.connect(URL, autocommit=True).execute("CREATE TABLE t (i int)")
def work(k):
    with psycopg.connect(URL) as c:
        for _ in range(20):
            c.execute("INSERT INTO t VALUES (%s)", (k,))
            c.commit()
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
""")
    assert migration.value("SELECT count(*) FROM t") == 80


def test_what_a_program_leaves_open_is_rolled_back(migration: Migration) -> None:
    migration.python("""
import psycopg
c = psycopg.connect(URL)
c.execute("CREATE TABLE stays ()")
c.commit()
c.execute("CREATE TABLE goes ()")
os._exit(0)
""")
    assert migration.value("SELECT to_regclass('stays') IS NOT NULL AND to_regclass('goes') IS NULL") is True
    assert migration.savepoints_are_gone()


def test_killed_in_the_middle_of_a_copy(migration: Migration) -> None:
    migration.python("""
import psycopg, subprocess, sys
c = psycopg.connect(URL, autocommit=True)
c.execute("CREATE TABLE t (x text)")
c.execute("INSERT INTO t VALUES ('kept')")
child = subprocess.Popen([sys.executable, "-c", '''
import os, psycopg
c = psycopg.connect(os.environ["DATABASE_URL"])
c.execute("INSERT INTO t VALUES ('lost')")
with c.cursor().copy("COPY t FROM STDIN") as copy:
    for n in range(1000000):
        copy.write("x" * 100000 + chr(10))
        if n == 100:
            print(flush=True)
'''], stdout=subprocess.PIPE)
child.stdout.readline()
child.kill()
child.wait()
assert c.execute("SELECT array_agg(x) FROM t").fetchone() == (["kept"],)
""")
    assert migration.failures == [None]


def test_statements_can_be_cancelled(migration: Migration) -> None:
    said = migration.python("""
import psycopg, threading
c = psycopg.connect(URL, autocommit=True)
for text, values in (("SELECT pg_sleep(60)", None), ("SELECT pg_sleep(%s)", (60,))):
    threading.Timer(0.3, c.cancel).start()
    try:
        c.execute(text, values)
    except psycopg.Error as error:
        print(error.sqlstate)
c.cancel()
print(c.execute("SELECT 1").fetchone())
""")
    assert said == "57014\n57014\n(1,)\n"


def test_a_statement_that_nobody_waited_for_is_a_failure(migration: Migration) -> None:
    migration.python("""
import psycopg
c = psycopg.connect(URL, autocommit=True)
c.pgconn.send_query(b"SELECT pg_sleep(60)")
c.pgconn.flush()
os._exit(0)
""")
    assert migration.failures == ["the program ended while a statement of its was still running"]
    assert migration.value("SELECT 1") == 1


def test_what_was_sent_before_the_program_ended_is_done(migration: Migration) -> None:
    migration.python("""
import psycopg
c = psycopg.connect(URL, autocommit=True)
c.pgconn.send_query(b"CREATE TABLE t ()")
c.pgconn.flush()
os._exit(0)
""")
    assert migration.value("SELECT to_regclass('t') IS NOT NULL") is True


def test_also_where_the_forwarder_is_late(migration: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the program may get its answer, send, and end before the forwarder goes on."""
    flush = Forwarder._flush

    def slow(self: Forwarder) -> None:
        flush(self)
        time.sleep(0.2)

    monkeypatch.setattr(Forwarder, "_flush", slow)
    migration.python("""
import psycopg
c = psycopg.connect(URL, autocommit=True)
c.pgconn.send_query(b"CREATE TABLE t ()")
c.pgconn.flush()
os._exit(0)
""")
    assert migration.value("SELECT to_regclass('t') IS NOT NULL") is True


def test_transactions_that_outlive_the_migration_are_refused(migration: Migration) -> None:
    said = migration.python("""
import psycopg
c = psycopg.connect(URL, autocommit=True)
for values in ((), None):
    try:
        c.execute("PREPARE TRANSACTION 'x'", values)
    except psycopg.Error as error:
        print(error.sqlstate, c.info.transaction_status.name)
""")
    assert said == "0A000 IDLE\n0A000 IDLE\n"
    assert migration.failures == ["the program tried PREPARE TRANSACTION inside gitmig's transaction"]


def test_a_session_begins_with_its_own_settings_and_ends_with_them(migration: Migration) -> None:
    said = migration.python(r"""
import psycopg
with psycopg.connect(URL, options=r"-c search_path=pg_catalog -c application_name=a\ b", client_encoding="latin1") as c:
    print(c.execute("SHOW search_path").fetchone(), c.pgconn.parameter_status(b"application_name"), c.info.encoding)
with psycopg.connect(URL, autocommit=True) as c:
    print(c.execute("SHOW search_path").fetchone(), c.info.encoding)
    c.execute("SET client_encoding = latin1")
for wrong in ({"options": "-c nope=1"}, {"dbname": "other"}, {"user": "other"}, {"replication": "database"}):
    try:
        psycopg.connect(URL, **wrong)
    except psycopg.Error as error:
        print(str(error).split("FATAL:  ")[1].splitlines()[0])
""")
    assert said.splitlines() == [
        "('pg_catalog',) b'a b' iso8859-1",
        "('\"$user\", public',) utf-8",
        'unrecognized configuration parameter "nope"',
        f'the migration runs in database "{migration.database.name}", and "other" cannot be reached from it',
        f'the migration runs as "{migration.connection.info.user}", and "other" cannot log in',
        "replication is not possible inside a migration",
    ]
    assert migration.value("SHOW client_encoding") == "UTF8"


def test_much_data_is_never_all_in_memory(migration: Migration) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    migration.python("""
import psycopg
c = psycopg.connect(URL)
c.execute("CREATE TABLE t (x text)")
with c.cursor().copy("COPY t FROM STDIN") as copy:
    for _ in range(100):
        copy.write(("x" * 99 + "\\n") * 10000)
with c.cursor().copy("COPY t TO STDOUT") as copy:
    assert sum(len(data) for data in copy) == 100_000_000
c.commit()
""")
    assert migration.value("SELECT count(*) FROM t") == 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


def test_long_messages(migration: Migration) -> None:
    migration.python("""
import psycopg
c = psycopg.connect(URL)
c.execute("CREATE TABLE t (x text)")
c.execute("INSERT INTO t VALUES (%s)", ("y" * 10_000_000,))
c.execute("INSERT INTO t VALUES ('" + "z" * 5_000_000 + "')")
c.commit()
""")
    assert migration.value("SELECT sum(length(x)) FROM t") == 15_000_000


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01", b"\0\0\0\x09\0\x03\0\0x", b"GET / HTTP/1.1\r\n\r\n"])
def test_garbage_is_turned_away(migration: Migration, garbage: bytes) -> None:
    with migration.forwarder() as forwarder:
        url = forwarder.environment["DATABASE_URL"]
        with socket.socket(socket.AF_UNIX) as one, psycopg.connect(url, autocommit=True) as good:
            one.settimeout(20)
            one.connect(forwarder.environment["PGHOST"] + "/.s.PGSQL.5432")
            one.sendall(garbage)
            assert one.recv(1) == b"E"
            good.execute("CREATE TABLE t ()")
    assert migration.value("SELECT to_regclass('t') IS NOT NULL") is True


def test_a_server_that_goes_away_is_a_failure(migration: Migration) -> None:
    said = migration.python("""
import psycopg
c = psycopg.connect(URL, autocommit=True)
try:
    c.execute("SELECT pg_terminate_backend(pg_backend_pid())")
except psycopg.Error as error:
    print(error.sqlstate)
""")
    assert said == "57P01\n"
    failure = migration.failures[0]
    assert failure is not None
    assert failure.startswith("the server ended the connection: ")
    migration.connection.close()


def test_deferred_constraints_are_checked_when_a_program_commits(migration: Migration) -> None:
    said = migration.python("""
import psycopg
with psycopg.connect(URL) as c:
    c.execute("CREATE TABLE t (i int PRIMARY KEY, j int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    c.execute("INSERT INTO t VALUES (1, 2), (2, 1)")
    c.commit()
    c.execute("INSERT INTO t VALUES (3, 9)")
    try:
        c.commit()
    except psycopg.Error as error:
        print(error.sqlstate, error.diag.context, c.info.transaction_status.name)
    c.execute("ALTER TABLE t ADD k int")  # there are no pending trigger events
    c.execute("INSERT INTO t VALUES (4, 5)")
    c.execute("INSERT INTO t VALUES (5, 4)")
""")
    assert said == "23503 None IDLE\n"
    assert migration.value("SELECT count(*) FROM t") == 4
