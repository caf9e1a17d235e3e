"""Random commands of git, one after the other: the database is always that of the work tree, and no row is lost."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.conftest import Database, Sandbox, url_of
from tests.git_events import WORLD
from tests.servers import create_database, in_memory

# Steps in all: a few hundred at every run of the tests, more of them by this variable.
STEPS = int(os.environ.get("GITMIG_WALK_STEPS", "200"))
LENGTH = 25
WALKERS = 4  # tests that share the steps, so that they can go side by side
BRANCHES = ("main", "more", "mixed", "app")
ABORTS = ("merge", "rebase", "cherry-pick", "revert", "am")

branches = st.sampled_from(BRANCHES)
commits = st.builds("{}~{}".format, branches, st.integers(0, 1))


class Walk(RuleBasedStateMachine):
    """A user at work; each rule is what they do, and after each the database is looked at."""

    server: str
    maintenance: psycopg.Connection

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=in_memory())
        root = Path(self.folder.name) / "project"
        root.mkdir()
        self.database = Database(
            url_of(self.server, f"walk_{os.getpid()}_{id(self)}"), f"walk_{os.getpid()}_{id(self)}"
        )
        create_database(self.maintenance, self.database.name)
        self.user = Sandbox(root, {"DATABASE_URL": self.database.url})
        self.numbers = count(10)
        self.rows: dict[str, list[tuple[object, ...]]] = {}

    def teardown(self) -> None:
        self.maintenance.execute(f'DROP DATABASE "{self.database.name}" WITH (FORCE)'.encode())
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.user.git("init", "-q", "--initial-branch=main")
        self.user.run("sh", "-ec", WORLD)
        self.user.gitmig_here("init")
        self.user.run("sh", "-c", "git add -A; git commit -qm init")
        self.user.gitmig_here("sync", "-y")
        self.look()

    def play(self, *commands: str) -> None:
        """Shell commands, of which one may fail; what git has begun then is taken back."""
        said = []
        for command in commands:
            done = self.user.run("sh", "-c", command, check=False)
            said.append(f"{command}\n{done.out}{done.err}")
            if done.status:
                for verb in ABORTS:
                    aborted = self.user.run("sh", "-c", f"git {verb} --abort", check=False)
                    said.append(f"git {verb} --abort\n{aborted.err}")
                break
        self.look("".join(said))

    def look(self, said: str = "") -> None:
        """The tables are those of the files, and each has the rows that it had last."""
        files = (self.user.root / "migrations").glob("*.sql")
        tables = self.database.tables()
        assert tables == sorted(path.stem.split("_")[1] for path in files), said
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            for table in tables:
                rows = connection.execute(f"TABLE {table}".encode()).fetchall()
                assert rows == self.rows.get(table, []), f"{table}\n{said}"
                if not rows:
                    statement = f"INSERT INTO {table} VALUES ({next(self.numbers)}) RETURNING *"
                    self.rows[table] = connection.execute(statement.encode()).fetchall()

    def write(self) -> None:
        """A migration that nobody has committed; it is in the database."""
        table = f"t{next(self.numbers)}"
        self.user.migration(f"{table[1:]}_{table}", f"CREATE TABLE {table} (id int);", f"DROP TABLE {table};")
        self.user.git("add", "migrations")
        self.user.gitmig_here("sync", "-y")
        self.look()

    @rule(branch=branches)
    def switch(self, branch: str) -> None:
        self.play(f"git switch {branch}")

    @rule(commit=commits)
    def detach(self, commit: str) -> None:
        self.play(f"git switch --detach {commit}")

    @rule(start=commits)
    def branch_off(self, start: str) -> None:
        self.play(f"git switch -c new{next(self.numbers)} {start}")

    @rule()
    def commit(self) -> None:
        number = next(self.numbers)
        self.user.migration(f"{number}_t{number}", f"CREATE TABLE t{number} (id int);", f"DROP TABLE t{number};")
        self.play("git add -A && git commit -qm new")

    @rule()
    def amend(self) -> None:
        self.write()
        self.play("git commit -q --amend --no-edit")

    @rule(commit=commits, how=st.sampled_from(["--hard", "--keep", "--merge"]))
    def reset(self, commit: str, how: str) -> None:
        self.play(f"git reset {how} {commit}")

    @rule(how=st.sampled_from(["", "-u", "--keep-index", "--staged"]))
    def stash(self, how: str) -> None:
        self.write()
        self.play(f"git stash {how}", "git reset -q --hard", "git stash pop", "git stash -q", "git stash drop -q")

    @rule(commit=commits)
    def merge(self, commit: str) -> None:
        self.play(f"git merge --no-edit {commit}")

    @rule(commit=commits)
    def squash(self, commit: str) -> None:
        self.play(f"git merge --squash {commit}", "git commit -qm squash", "git reset -q --hard")

    @rule(commit=commits)
    def merge_without_commit(self, commit: str) -> None:
        self.play(f"git merge --no-commit --no-ff {commit}", "git merge --abort")

    @rule(commit=commits, backend=st.sampled_from(["--merge", "--apply"]))
    def rebase(self, commit: str, backend: str) -> None:
        self.play(f"git rebase {backend} {commit}")

    @rule(commit=commits)
    def rebase_with_work(self, commit: str) -> None:
        self.write()
        self.play(f"git rebase --autostash {commit}", "git add -A && git commit -qm work")

    @rule(commit=commits)
    def stop_in_rebase(self, commit: str) -> None:
        self.play(f"GIT_SEQUENCE_EDITOR='sed -i 1s/pick/edit/' git rebase -i {commit}", "git rebase --continue")

    @rule(commit=commits)
    def cherry_pick(self, commit: str) -> None:
        self.play(f"git cherry-pick {commit}", "git revert --no-edit HEAD")

    @rule(commit=commits)
    def pick_several(self, commit: str) -> None:
        self.play(f"git cherry-pick {commit}~1..{commit}")

    @rule(commit=commits)
    def restore(self, commit: str) -> None:
        self.play(
            f"git restore --source {commit} migrations", "git checkout -q . && git clean -fdq", "git reset --hard"
        )

    @rule(commit=commits)
    def patches(self, commit: str) -> None:
        folder = f"../patches{next(self.numbers)}"
        self.play(f"git format-patch -q -o {folder} -1 {commit} && git am -q {folder}/*")

    @rule()
    def bisect(self) -> None:
        self.play("git bisect start more main~1", "git bisect bad", "git bisect reset")

    @rule()
    def pull(self) -> None:
        self.play("git pull -q --no-rebase --no-edit . more")


@pytest.fixture
def walk(server: str, maintenance: psycopg.Connection) -> type[Walk]:
    """The machine, with the server on which it makes its databases."""
    Walk.server, Walk.maintenance = server, maintenance
    return Walk


@pytest.mark.parametrize("walker", range(WALKERS))
def test_the_database_follows_wherever_git_goes(walker: int, walk: type[Walk]) -> None:
    run_state_machine_as_test(
        walk,
        settings=settings(
            max_examples=max(1, STEPS // WALKERS // LENGTH),
            stateful_step_count=LENGTH,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
