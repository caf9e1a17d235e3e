"""Rows on their way: a far checkout against psql with the same scripts, and a big table against COPY."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import far_history
import layouts
import psycopg
from bench import Promise, Result
from measure import Samples, paired
from peers import GITMIG, PSQL
from planting import plant
from process import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench import Bench
    from databases import Database
    from process import Command
    from sites import Site

ROUNDS = 3  # a tour takes long; more rounds would not say more
MEMORY = 200  # megabytes that gitmig's process may take
NOTHING, LESS = "gitmig, nothing to do", "gitmig less start-up"
WAYS = ("away", "home")
COUNT = "SELECT count(*) FROM pg_tables WHERE schemaname !~ '^(pg_|information_|gitmig)'"
APPLIED = "SELECT path || ':' || version, up, down FROM gitmig.applied ORDER BY position"


def far_checkout(bench: Bench) -> Result:
    """To an older commit and back, with rows in all tables and with none."""
    seconds: dict[str, tuple[float, ...]] = {}
    promises: list[Promise] = []
    for title, planted in (("no rows", 0), ("3 rows in each table", 3)):
        bench.progress(f"building, {title}")
        trip = _trip(bench, planted)
        samples = paired(trip.timers(bench), min(bench.rounds, ROUNDS), bench.progress)
        found = _less_start_up(samples)
        promises += _promises(found, title)
        seconds |= {f"{name}, {title}": taken for name, taken in {**samples.seconds, **found.seconds}.items()}
    return Result(
        title=f"far checkout, {trip.steps} migrations, {trip.tables} tables",
        subject="",
        samples=Samples(seconds=seconds),
        promises=tuple(promises),
    )


@dataclass(kw_only=True)
class Trip:
    """A site between two commits, and copies of its database at both, for psql."""

    site: Site
    near: str
    far: str
    steps: int
    tables: int
    scripts: Mapping[str, str]  # file → what psql runs for the way
    copies: Mapping[str, Database]
    at: str = "far"
    failing: set[str] = field(default_factory=set)  # the ways on which a script fails in psql

    def timers(self, bench: Bench) -> dict[str, Callable[[], float]]:
        """What is timed: both ways by gitmig and by psql, and a sync with nothing to do."""
        found: dict[str, Callable[[], float]] = {}
        for way, there in (("away", "near"), ("home", "far")):
            found[f"gitmig, {way}"] = lambda there=there: self._go(there)  # type: ignore[misc]
            if PSQL in bench.peers:
                found[f"psql, {way}"] = lambda way=way: self._psql(bench, way)  # type: ignore[misc]
        return found | {NOTHING: lambda: self._sync(self.at).run()}

    def _go(self, there: str) -> float:
        if self.at == there:
            self._sync("near" if there == "far" else "far").run()
        seconds = self._sync(there).run()
        self.at = there
        return seconds

    def _sync(self, side: str) -> Command:
        return self.site.tool("sync", "--yes", self.far if side == "far" else self.near)

    def _psql(self, bench: Bench, way: str) -> float:
        """A way's scripts on a fresh copy of where it begins, since wrong downs lead to where no up begins."""
        url = bench.sites.copy(self.copies[way], f"psql_{way}").url
        psql = (bench.peers[PSQL].program, "-X", "-q", "-1", "-d", url, "-f", self.scripts[way], "-v")
        if way not in self.failing:
            try:
                return self.site.command(*psql, "ON_ERROR_STOP=1").run()
            except CommandFailed:
                self.failing.add(way)  # a wrong down of a public history; gitmig has computed another one
                return self._psql(bench, way)
        return self.site.command(*psql, "ON_ERROR_ROLLBACK=on").run()


def _trip(bench: Bench, planted: int) -> Trip:
    """A site at the far commit, with rows, after one tour."""
    site, near, far = _public(bench) if bench.history else _generated(bench)
    site.tool("sync", "--yes", near).run()
    before = {label for label, _, _ in _applied(site)}
    site.tool("sync", "--yes", far).run()
    stretch = [step for step in _applied(site) if step[0] not in before]
    plant(site.database.url, planted)
    scripts = {"away": "away.sql", "home": "home.sql"}
    site.write(
        {
            scripts["away"]: ";\n".join(down or "" for _, _, down in reversed(stretch)),
            scripts["home"]: ";\n".join(up for _, up, _ in stretch),
        }
    )
    copies = {"away": bench.sites.copy(site.database, "far")}
    site.tool("sync", "--yes", near).run()
    copies["home"] = bench.sites.copy(site.database, "near")
    site.tool("sync", "--yes", far).run()
    return Trip(
        site=site,
        near=near,
        far=far,
        steps=len(stretch),
        tables=_count(site),
        scripts=scripts,
        copies=copies,
    )


def _generated(bench: Bench) -> tuple[Site, str, str]:
    site = bench.sites.make(bench.peers[GITMIG])
    site.write(layouts.gitmig(far_history.near()))
    site.commit("Near")
    site.git("branch", "near").run()
    site.write(layouts.gitmig([*far_history.near(), *far_history.far()]))
    site.commit("Far")
    return site, "near", "main"


def _public(bench: Bench) -> tuple[Site, str, str]:
    """A clone of `bench.history`, which is `FOLDER@OLD..NEW`, with the migrations' folder behind a colon."""
    clone, _, rest = bench.history.partition("@")
    stretch, _, folder = rest.partition(":")
    near, dots, far = stretch.partition("..")
    if not dots:
        raise CommandFailed(f"{bench.history!r} is no FOLDER@OLD..NEW or FOLDER@OLD..NEW:MIGRATIONS")
    site = bench.sites.make(bench.peers[GITMIG])
    site.git("clone", "--quiet", "--shared", "--no-checkout", clone, ".").run()
    if folder:
        site.git("config", "gitmig.folder", folder).run()
    site.git("checkout", "--quiet", "--detach", far).run()
    return site, near, far


def _applied(site: Site) -> list[tuple[str, str, str | None]]:
    with psycopg.connect(site.database.url) as connection:
        return list(connection.execute(APPLIED).fetchall())


def _count(site: Site) -> int:
    with psycopg.connect(site.database.url) as connection:
        row = connection.execute(COUNT).fetchone()
    return int(row[0]) if row else 0


def _less_start_up(samples: Samples) -> Samples:
    """What gitmig takes for each way, less a sync with nothing to do; and both ways together, of psql too."""
    found: dict[str, tuple[float, ...]] = {}
    for way in WAYS:
        pairs = zip(samples.seconds[f"{GITMIG}, {way}"], samples.seconds[NOTHING])
        found[f"{LESS}, {way}"] = tuple(max(taken - idle, 0.0) for taken, idle in pairs)
        if taken := samples.seconds.get(f"{PSQL}, {way}"):
            found[f"{PSQL}, {way}"] = taken
    for tool in (LESS, PSQL):
        ways = [found[f"{tool}, {way}"] for way in WAYS if f"{tool}, {way}" in found]
        if ways:
            found[f"{tool}, tour"] = tuple(map(sum, zip(*ways)))
    return Samples(seconds=found)


def _promises(samples: Samples, title: str) -> list[Promise]:
    """The tour is held to a ratio, each way to seconds, which say nothing where the history is another one."""
    text = f"far checkout, {title}"
    ratios = {way: samples.ratio(f"{LESS}, {way}", f"{PSQL}, {way}") for way in (*WAYS, "tour")}
    limits = {"tour": 10.0, "away": 16.0, "home": 10.0}
    found = [
        Promise(text=f"{text}, {way} / psql with the same scripts", limit=limits[way], measured=ratio)
        for way, ratio in ratios.items()
    ]
    seconds = [
        Promise(text=f"{text}, {way}, seconds", limit=1.5, measured=samples.median(f"{LESS}, {way}")) for way in WAYS
    ]
    return found + seconds


def big_table(bench: Bench) -> Result:
    """A column of a table with many rows dropped and back, against COPY of it out and in."""
    site = bench.sites.make(bench.peers[GITMIG])
    site.write(layouts.gitmig(BIG_TABLE[:1]))
    site.commit("Table")
    site.git("branch", "without").run()
    site.write(layouts.gitmig(BIG_TABLE))
    site.commit("Column")
    site.tool("sync", "--yes", "main").run()
    bench.progress(f"writing {bench.rows:,} rows")
    with psycopg.connect(site.database.url, autocommit=True) as connection:
        connection.execute(
            f"INSERT INTO bench_big SELECT i, md5(i::text) FROM generate_series(1, {bench.rows}) i".encode()
        )
        connection.execute("VACUUM ANALYZE bench_big")
    memory: list[float] = []
    timers = {"gitmig, dropped and back": lambda: _there_and_back(bench, site, memory)}
    if PSQL in bench.peers:
        timers["COPY out and in"] = lambda: _copy(bench, site)
    samples = paired(timers, min(bench.rounds, ROUNDS), bench.progress)
    return Result(
        title=f"one column of {bench.rows:,} rows",
        subject="gitmig, dropped and back",
        samples=samples,
        promises=(
            Promise(
                text=f"a column of {bench.rows:,} rows dropped and back / COPY of it out and in",
                limit=3.0,
                measured=samples.ratio("gitmig, dropped and back", "COPY out and in"),
            ),
            Promise(text="memory of gitmig meanwhile, in megabytes", limit=MEMORY, measured=max(memory)),
        ),
    )


BIG_TABLE = (
    far_history.change(0, "CREATE TABLE bench_big (id int PRIMARY KEY);", "DROP TABLE bench_big;"),
    far_history.change(1, "ALTER TABLE bench_big ADD t text;", "ALTER TABLE bench_big DROP t;"),
)


def _there_and_back(bench: Bench, site: Site, memory: list[float]) -> float:
    (away, one), (home, other) = (site.tool("sync", "--yes", branch).memory() for branch in ("without", "main"))
    memory += [one, other]
    with psycopg.connect(site.database.url) as connection:
        row = connection.execute("SELECT count(*) FROM bench_big WHERE t = md5(id::text)").fetchone()
    if row != (bench.rows,):
        raise CommandFailed(f"of {bench.rows} values {row} came back")
    return away + home


def _copy(bench: Bench, site: Site) -> float:
    """Out to a file and in again, to a table with the same key, as the one who measures would move a column by hand."""
    psql = (bench.peers[PSQL].program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", site.database.url)
    make = "CREATE SCHEMA IF NOT EXISTS bench_copy; DROP TABLE IF EXISTS bench_copy.copy; "
    site.command(*psql, "-c", f"{make}CREATE TABLE bench_copy.copy (id int PRIMARY KEY, t text)").run()
    out = site.command(*psql, "-c", "\\copy bench_big (id, t) TO 'copy.tsv'").run()
    back = site.command(*psql, "-c", "\\copy bench_copy.copy FROM 'copy.tsv'").run()
    site.command(*psql, "-c", "DROP SCHEMA bench_copy CASCADE").run()
    return out + back
