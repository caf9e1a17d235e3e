"""The drivers that people use work through the forwarder as on an ordinary connection, all in one transaction."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgres.forwarder.conftest import Migration

# As Debian's libpostgresql-jdbc-java installs it, or wherever CLASSPATH says.
JDBC = os.environ.get("CLASSPATH", "/usr/share/java/postgresql.jar")


def test_psycopg(migration: Migration) -> None:
    said = migration.python("""
import psycopg
with psycopg.connect(URL) as c:
    c.execute("CREATE TABLE t (id int, t text)")
    c.execute("INSERT INTO t VALUES (%s, %s)", (1, "x"))
    with c.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write_row((2, "y"))
    with c.cursor().copy("COPY t TO STDOUT") as copy:
        assert len(list(copy)) == 2
with psycopg.connect(URL) as c:
    for n in range(20):  # prepared from the sixth on
        c.execute("INSERT INTO t VALUES (%s, %s)", (n, "z"))
    c.rollback()
    with c.transaction():
        try:
            with c.transaction():
                c.execute("SELECT 1 / 0")
        except psycopg.Error as error:
            print(error.sqlstate)
        c.execute("INSERT INTO t VALUES (100, NULL)")
    with c.cursor("on_the_server") as cursor:
        cursor.execute("SELECT generate_series(1, 1000)")
        assert sum(1 for _ in cursor) == 1000
    c.commit()
    with c.cursor("on_the_server") as cursor:
        cursor.execute("SELECT 1")
with psycopg.connect(URL, autocommit=True) as c:
    try:
        c.execute("SELECT nope")
    except psycopg.Error as error:
        print(error.sqlstate, c.info.transaction_status.name)
    with c.pipeline():
        c.execute("INSERT INTO t VALUES (3)")
        assert c.execute("SELECT count(*) FROM t").fetchone() == (4,)
with psycopg.connect(URL) as c, c.pipeline():
    c.execute("INSERT INTO t VALUES (4)")
    c.commit()
    c.execute("INSERT INTO t VALUES (5)")
    c.rollback()
""")
    assert said == "22012\n42703 IDLE\n"
    assert migration.value("SELECT count(*) FROM t") == 5
    assert migration.savepoints_are_gone()


def test_psycopg2(migration: Migration) -> None:
    pytest.importorskip("psycopg2")
    migration.python("""
import io, psycopg2
c = psycopg2.connect(URL)
k = c.cursor()
k.execute("CREATE TABLE t (id int)")
c.commit()
k.execute("INSERT INTO t VALUES (%s)", (1,))
c.rollback()
k.execute("BEGIN; INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2)")
try:
    k.execute("SELECT nope")
except psycopg2.Error as error:
    assert error.pgcode == "42703"
c.rollback()
k.copy_expert("COPY t FROM STDIN", io.StringIO("3\\n4\\n"))
c.commit()
""")
    assert migration.value("SELECT array_agg(id) FROM t") == [1, 2, 3, 4]


def test_asyncpg(migration: Migration) -> None:
    pytest.importorskip("asyncpg")
    migration.python("""
import asyncio, asyncpg
async def main():
    c = await asyncpg.connect(URL)
    await c.execute("CREATE TABLE t (i int, t text)")
    async with c.transaction(isolation="serializable"):
        await c.executemany("INSERT INTO t VALUES ($1, $2)", [(n, "y") for n in range(100)])
        async for _ in c.cursor("SELECT * FROM t"):
            pass
        try:
            async with c.transaction():
                await c.fetch("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError:
            pass
    await c.copy_records_to_table("t", records=[(1, "a")] * 1000)
    try:
        await c.fetch("SELECT nope")
    except asyncpg.UndefinedColumnError:
        pass
    assert await c.fetchval("SELECT count(*) FROM t") == 1100
    await c.close()
    async with asyncpg.create_pool(URL) as pool:
        assert await pool.fetchval("SELECT count(*) FROM t WHERE i = $1", 1) == 1001
asyncio.run(main())
""")
    assert migration.value("SELECT count(*) FROM t") == 1100


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_sqlalchemy(migration: Migration, driver: str) -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip(driver)
    migration.python(f"""
import sqlalchemy as sa
engine = sa.create_engine(URL.replace("postgresql:", "postgresql+{driver}:"))
metadata = sa.MetaData()
table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("t", sa.Text))
metadata.create_all(engine)
count = sa.select(sa.func.count()).select_from(table)
with engine.begin() as c:
    c.execute(table.insert(), [{{"t": "x"}}] * 10)
    try:
        with c.begin_nested():
            c.execute(sa.text("SELECT nope"))
    except sa.exc.DBAPIError:
        pass
with engine.connect().execution_options(isolation_level="SERIALIZABLE") as c:
    c.execute(table.insert(), [{{"t": "x"}}] * 10)
    c.rollback()
    assert c.execute(count).scalar() == 10
with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
    c.execute(table.insert(), [{{"t": "x"}}] * 10)
    assert c.execute(count).scalar() == 20
engine.dispose()
""")
    assert migration.value("SELECT count(*) FROM t") == 20


@pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed")
def test_psql(migration: Migration, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text("""
BEGIN;
CREATE TABLE t (id int);
COPY t FROM STDIN;
1
2
\\.
SAVEPOINT a;
SELECT 1 / 0;
ROLLBACK TO a;
COMMIT;
BEGIN;
SELECT nope;
COMMIT;
SAVEPOINT b;
COMMIT;
\\copy t to stdout
INSERT INTO t VALUES (3) \\; SELECT 1 / 0;
CREATE TABLE u AS SELECT 1;
""")
    said = migration.run("psql", "-X", "-q", "-f", str(script))
    assert [line.split(": ", 1)[1] for line in said.splitlines() if "script.sql" in line] == [
        "ERROR:  division by zero",
        'ERROR:  column "nope" does not exist',
        "ERROR:  SAVEPOINT can only be used in transaction blocks",
        "WARNING:  there is no transaction in progress",
        "ERROR:  division by zero",
    ]
    assert said.startswith("1\n2\n")
    assert migration.value("SELECT array_agg(id) FROM t") == [1, 2]
    assert migration.value("SELECT count(*) FROM u") == 1


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_node(migration: Migration) -> None:
    program = """
let pg
try { pg = require('pg') } catch (error) { console.log('absent'); process.exit(0) }
(async () => {
  const c = new pg.Client({connectionString: process.env.DATABASE_URL})
  await c.connect()
  await c.query('CREATE TABLE t (i int)')
  await c.query('BEGIN')
  await c.query('INSERT INTO t VALUES ($1)', [1])
  await c.query('ROLLBACK')
  await c.query('BEGIN; INSERT INTO t VALUES (1); COMMIT')
  await c.query('SELECT nope').catch(error => console.log(error.code))
  console.log((await c.query({name: 'q', text: 'SELECT i FROM t WHERE i = $1', values: [1]})).rows)
  await c.end()
  const pool = new pg.Pool()
  console.log((await Promise.all([1, 2, 3].map(i => pool.query('SELECT $1::int x', [i])))).map(r => r.rows[0].x))
  await pool.end()
})().catch(error => { console.error(error); process.exit(1) })
"""
    said = migration.run("node", "-e", program)
    if said == "absent\n":
        pytest.skip("node has no package pg")
    assert said == "42703\n[ { i: 1 } ]\n[ 1, 2, 3 ]\n"


@pytest.mark.skipif(not (Path(JDBC).exists() and shutil.which("java")), reason="there is no driver for JDBC")
def test_jdbc(migration: Migration, tmp_path: Path) -> None:
    program = tmp_path / "Program.java"
    program.write_text("""
import java.io.StringReader;
import java.sql.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class Program {
  static final String URL = System.getenv("JDBC_DATABASE_URL");

  public static void main(String[] arguments) throws Exception {
    String user = System.getenv("JDBC_DATABASE_USERNAME");
    try (Connection c = DriverManager.getConnection(URL, user, "wrong")) {
    } catch (SQLException e) { System.out.println(e.getSQLState()); }
    try (Connection c = DriverManager.getConnection(URL, user, System.getenv("JDBC_DATABASE_PASSWORD"));
         Statement s = c.createStatement()) {
      s.execute("CREATE TABLE t (i int)");
      c.setAutoCommit(false);
      for (int n = 0; n < 12; n++) {
        try (PreparedStatement p = c.prepareStatement("INSERT INTO t VALUES (?)")) {
          p.setInt(1, n);
          p.addBatch();
          p.addBatch();
          p.executeBatch();
        }
        if (n % 2 == 0) c.commit(); else c.rollback();
      }
      Savepoint savepoint = c.setSavepoint();
      try { s.execute("SELECT 1 / 0"); } catch (SQLException e) { System.out.println(e.getSQLState()); }
      c.rollback(savepoint);
      s.setFetchSize(10);
      ResultSet rows = s.executeQuery("SELECT generate_series(1, 1000)");
      int count = 0;
      while (rows.next()) count++;
      System.out.println(count);
      CopyManager copies = c.unwrap(PGConnection.class).getCopyAPI();
      copies.copyIn("COPY t FROM STDIN", new StringReader("7\\n8\\n"));
      c.commit();
      c.setAutoCommit(true);
      s.setQueryTimeout(1);
      try { s.execute("SELECT pg_sleep(60)"); } catch (SQLException e) { System.out.println(e.getSQLState()); }
    }
  }
}
""")
    said = migration.run("java", "-cp", JDBC, str(program))
    assert said == "28P01\n22012\n1000\n57014\n"
    assert migration.value("SELECT count(*) FROM t") == 14
