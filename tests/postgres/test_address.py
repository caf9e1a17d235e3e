"""Naming a database, connecting to it, and what people are told when that does not work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.cli.main import run
from gitmig.errors import DatabaseUnavailable, GitmigError, UsageError
from gitmig.postgres.address import Address, connect, environment, is_missing_database, jdbc_url
from gitmig.project.project import Project
from tests.conftest import url_of
from tests.execute.conftest import run_sync

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

SECRET = "s3cr3t"


def unsafe(*values: object, reason: str) -> object:
    return pytest.param(*values)


@pytest.mark.parametrize(
    ("url", "environ", "local"),
    [
        ("postgresql:///app", {}, True),
        ("postgresql://localhost/app", {}, True),
        ("postgresql://127.0.0.1/app", {}, True),
        ("postgresql://127.9.9.9/app", {}, True),
        ("postgresql://[::1]/app", {}, True),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/app", {}, True),
        ("postgresql://user@/app?host=/tmp/a%20b", {}, True),
        ("host=/tmp dbname=app", {}, True),
        ("host=@abstract dbname=app", {}, True),
        ("dbname=app", {}, True),
        ("dbname=app hostaddr=127.0.0.1", {}, True),
        ("postgresql://localhost,127.0.0.1:5433/app", {}, True),
        ("postgresql://10.0.0.5/app", {}, False),
        ("postgresql://192.168.1.1/app", {}, False),
        ("postgresql://[fe80::1]/app", {}, False),
        ("postgresql://db/app", {}, False),
        ("postgresql://localhost.example.org/app", {}, False),
        ("postgresql://127.0.0.1.example.org/app", {}, False),
        ("postgresql://localhost,db.example.org/app", {}, False),
        ("postgresql://db.example.org,localhost/app", {}, False),
        ("postgresql:///app?host=db.example.org", {}, False),
        ("dbname=app hostaddr=10.0.0.5", {}, False),
        ("postgresql:///app", {"PGHOST": "db.example.org"}, False),
        ("dbname=app", {"PGHOST": "/tmp"}, True),
        ("postgresql://localhost/app", {"PGHOST": "db.example.org"}, True),
        unsafe("host=localhost hostaddr=10.0.0.5 dbname=app", {}, False, reason="hostaddr is where libpq connects to"),
        unsafe("postgresql://localhost/app?hostaddr=10.0.0.5", {}, False, reason="hostaddr is where libpq connects to"),
        unsafe("postgresql:///app", {"PGHOSTADDR": "10.0.0.5"}, False, reason="PGHOSTADDR is not looked at"),
        unsafe("service=production", {}, False, reason="a service file may name any host"),
        unsafe("dbname=app", {"PGSERVICE": "production"}, False, reason="a service file may name any host"),
    ],
)
def test_local_is_what_never_leaves_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str, environ: dict[str, str], local: bool
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Address.of(url).is_local is local


@pytest.mark.parametrize(
    ("url", "environ", "shown"),
    [
        (f"postgresql://ada:{SECRET}@db.example.org:6000/app", {}, "app on db.example.org:6000"),
        (f"host=db.example.org dbname=app password={SECRET}", {}, "app on db.example.org:5432"),
        ("postgresql:///app", {}, "app"),
        ("postgresql://ada@db/", {}, "ada on db:5432"),
        ("postgresql:///", {"PGDATABASE": "app", "PGHOST": "db", "PGPORT": "1"}, "app on db:1"),
        ("postgresql:///", {"PGUSER": "ada"}, "ada"),
        ("postgresql://localhost/a%20b%2Fc", {}, "a b/c on localhost:5432"),
    ],
)
def test_a_database_is_shown_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, environ: dict[str, str], shown: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert str(Address.of(url)) == shown


def everything_said(error: BaseException) -> str:
    """The error with what it was raised from, as --debug prints it."""
    said = f"{error!r} {error}"
    if isinstance(error, GitmigError):
        said += f"{error.hint} {error.details}"
    return said + (everything_said(error.__cause__) if error.__cause__ else "")


@pytest.mark.parametrize(
    "form", ["postgresql://ada:{0}@127.0.0.1:1/app", "host=127.0.0.1 port=1 dbname=app password={0}"]
)
def test_a_refused_connection_is_told_in_one_line_without_the_password(form: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught, connect(form.format(SECRET), "test"):
        pass
    assert caught.value.message.startswith("cannot connect to app on 127.0.0.1:1: connection failed: ")
    assert caught.value.message.endswith("Connection refused")
    assert "\n" not in caught.value.message
    assert caught.value.hint == "is the server running, and may you connect?"
    assert SECRET not in everything_said(caught.value)


def test_a_database_that_is_missing_is_told_in_postgresqls_words(server: str) -> None:
    url = url_of(server, "no_such_database")
    with pytest.raises(DatabaseUnavailable) as caught, connect(url, "test"):
        pass
    assert caught.value.message == f'cannot connect to {Address.of(url)}: database "no_such_database" does not exist'
    assert is_missing_database(caught.value)


def test_a_host_that_cannot_be_found_is_named() -> None:
    with pytest.raises(DatabaseUnavailable) as caught, connect("postgresql://db.invalid/app", "test"):
        pass
    assert caught.value.message.startswith("cannot connect to app on db.invalid:5432: ")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ada:{SECRET}%zz@localhost/app",
        f"postgresql://ada:{SECRET}@localhost/app?nonsense=1",
        f"host=localhost password={SECRET} nonsense",
        f"password='{SECRET}",
    ],
)
def test_a_url_that_cannot_be_parsed_is_a_usage_error_without_the_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Address.of(url)
    nonsense = "=1" in url
    unknown = "the database URL has the unknown parameter nonsense"
    assert caught.value.message == (unknown if nonsense else "the database URL cannot be parsed")
    assert caught.value.hint == "write it as postgresql://user:password@host:5432/name, with % in a password as %25"
    assert SECRET not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"


BROKEN = f"postgresql://ada:{SECRET}%zz@localhost/app"


@pytest.mark.parametrize("command", ["sync", "hooks run post-checkout"])
def test_a_command_refuses_a_url_that_cannot_be_parsed(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    refused(repo, monkeypatch, capfd, command)


@pytest.mark.parametrize("command", ["status", "log", "init"])
def test_every_command_refuses_a_url_that_cannot_be_parsed(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    refused(repo, monkeypatch, capfd, command)


def refused(repo: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str) -> None:
    repo.table("0001_a", "a")
    repo.commit("a")
    monkeypatch.chdir(repo.root)
    monkeypatch.setenv("DATABASE_URL", BROKEN)
    status = run(command.split())
    said = capfd.readouterr()
    assert SECRET not in said.err
    assert status == 2
    assert said.err.startswith("error: the database URL ")


def test_debug_prints_no_password_either() -> None:
    with pytest.raises(UsageError) as caught:
        Address.of(BROKEN)
    assert SECRET not in everything_said(caught.value)


def test_an_unknown_parameter_is_named() -> None:
    """Prisma writes ?schema=public."""
    with pytest.raises(UsageError, match="schema"):
        Address.of("postgresql://localhost/app?schema=public")


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgres+asyncpg", "postgresql+psycopg2"]
)
def test_the_drivers_of_others_do_not_matter(repo: Sandbox, scheme: str) -> None:
    project = Project.load(repo.root, f"{scheme}://ada@localhost/app")
    assert project.url == f"{scheme.partition('+')[0]}://ada@localhost/app"
    assert Address.of(project.url).name == "app"


def test_a_driver_in_the_url_is_connected_with(repo: Sandbox, database: Database) -> None:
    repo.table("0001_a", "a")
    assert run_sync(repo, url=database.url.replace("postgresql://", "postgresql+psycopg://")) == ["+ 0001_a"]


@pytest.mark.parametrize("scheme", ["mysql", "sqlite", "http", "jdbc:postgresql", "POSTGRESQL"])
def test_another_kind_of_url_is_refused(repo: Sandbox, scheme: str) -> None:
    project = Project.load(repo.root, f"{scheme}://ada:{SECRET}@localhost/app")
    with pytest.raises(UsageError) as caught:
        _ = project.url
    assert caught.value.message == f"the database URL begins with {scheme}://"
    assert caught.value.hint == "gitmig needs postgresql://…"


PARAMETERS = {
    "sslmode=require": "PGSSLMODE",
    "options=-csearch_path%3Da": "PGOPTIONS",
    "passfile=/tmp/x": "PGPASSFILE",
    "hostaddr=127.0.0.1": "PGHOSTADDR",
    "service=x": "PGSERVICE",
    "application_name=x": "PGAPPNAME",
    "connect_timeout=3": "PGCONNECT_TIMEOUT",
}
MISNAMED = {
    "channel_binding=require": "PGCHANNELBINDING",
    "target_session_attrs=read-write": "PGTARGETSESSIONATTRS",
    "client_encoding=UTF8": "PGCLIENTENCODING",
    "ssl_min_protocol_version=TLSv1.3": "PGSSLMINPROTOCOLVERSION",
    "require_auth=scram-sha-256": "PGREQUIREAUTH",
}


@pytest.mark.parametrize(
    ("parameter", "variable"),
    [
        *PARAMETERS.items(),
        *(unsafe(p, v, reason="libpq's variables are not all spelt like its parameters") for p, v in MISNAMED.items()),
    ],
)
def test_psql_gets_every_parameter_of_the_url(parameter: str, variable: str) -> None:
    found = environment(f"postgresql://ada:{SECRET}@db:6000/app?{parameter}")
    value = parameter.partition("=")[2].replace("%3D", "=")
    common = {"PGUSER": "ada", "PGPASSWORD": SECRET, "PGHOST": "db", "PGPORT": "6000", "PGDATABASE": "app"}
    assert found == common | {variable: value}


def test_a_session_says_what_it_is_for(database: Database) -> None:
    with connect(database.url, "test") as connection:
        row = connection.execute(
            "SELECT current_setting('application_name'), current_setting('client_encoding')"
        ).fetchone()
    assert row == ("gitmig test", "UTF8")


def test_an_error_of_gitmigs_own_statement_is_one_sentence(database: Database) -> None:
    with pytest.raises(GitmigError) as caught, connect(database.url, "test") as connection:
        connection.execute("SELECT nonsense")
    assert caught.value.message == f'{Address.of(database.url)}: column "nonsense" does not exist'
    assert caught.value.hint == "`--debug` shows the statement"


def test_a_connection_that_breaks_is_told_as_that(database: Database) -> None:
    with pytest.raises(GitmigError) as caught, connect(database.url, "test") as connection:  # noqa: PT012
        database.rows(f"SELECT pg_terminate_backend({connection.info.backend_pid})")
        connection.execute("SELECT 1")
    assert caught.value.message.startswith(f"lost the connection to {Address.of(database.url)}: ")
    assert (
        caught.value.hint == "run `gitmig status`: the database is as the ledger says; `gitmig sync` goes on from there"
    )


def test_no_variable_of_the_machine_reaches_a_test() -> None:
    assert not [name for name in os.environ if name.startswith(("PG", "DATABASE_URL"))]


@pytest.mark.parametrize(
    ("url", "jdbc"),
    [
        (
            "postgresql://ada:s%3Fcret@db.example:5433/app",
            "jdbc:postgresql://db.example:5433/app?user=ada&password=s%3Fcret",
        ),
        ("host=::1 dbname='my app' sslmode=require", "jdbc:postgresql://[::1]:5432/my%20app?sslmode=require"),
    ],
)
def test_a_url_can_be_had_as_jdbc_has_it(url: str, jdbc: str) -> None:
    assert jdbc_url(url) == jdbc


def test_jdbc_reaches_no_unix_socket() -> None:
    with pytest.raises(GitmigError, match="JDBC cannot reach app: it knows no unix sockets"):
        jdbc_url("postgresql:///app?host=/run/postgresql")
