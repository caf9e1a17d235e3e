"""More ways by which a stranger's script could get to run in a hook, and more of the ordinary work that never asks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Sandbox
from tests.e2e.test_trust import EVIL, fetch, fork, origin, precious, project, quiet, refused, team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database

__all__ = ["fork", "origin", "precious", "project", "team"]  # fixtures

FIRST, THIRD = "migrations/0002_evil.sql", "migrations/0003_evil.sql"
TEAM = 'folder = "migrations"\nlayout = "single"\n'


def bring(project: Sandbox, fork: Sandbox, message: str = "evil", branch: str = "pr7") -> None:
    """The stranger commits, and the user fetches it."""
    fork.commit(message)
    project.git("fetch", "--quiet", str(fork.root), f"+HEAD:{branch}")


def pwned(database: Database) -> bool:
    """Whether something of the stranger's has run, in whatever database of the server."""
    roles = database.rows(f"SELECT FROM pg_roles WHERE rolname = 'pwned_{database.name}'")
    if roles:
        database.rows(f"DROP ROLE pwned_{database.name}")
    return bool(roles) or "pwned" in database.tables()


# --- the bootstrap file ---


@pytest.fixture
def bootstrapped(project: Sandbox, fork: Sandbox) -> Sandbox:
    """The stranger's clone, after the project got a bootstrap file in a folder."""
    project.write("db/bootstrap.sql", "SELECT 1;")
    project.write("gitmig.toml", f'{TEAM}bootstrap = "db/bootstrap.sql"\n')
    project.gitmig("sync")
    project.commit("bootstrap")
    fork.git("pull", "--quiet", "--no-rebase", "origin", "main")
    (fork.root / "migrations/0002_evil.sql").unlink()
    fork.table("0002_b", "b")
    return fork


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_does_not_make_the_bootstrap_file_ones_own(
    project: Sandbox, bootstrapped: Sandbox, database: Database, link: str
) -> None:
    bootstrapped.write("other/bootstrap.sql", f"CREATE ROLE pwned_{database.name};")
    bootstrapped.git("rm", "--quiet", "-r", "db")
    if link == "folder":
        (bootstrapped.root / "db").symlink_to("other")
    else:
        (bootstrapped.root / "db").mkdir()
        (bootstrapped.root / "db/bootstrap.sql").symlink_to("../other/bootstrap.sql")
    bring(project, bootstrapped)
    project.gitmig("trust", "pr7", "--yes")  # of the migrations
    result = project.git("switch", "--quiet", "pr7", check=False)
    assert not pwned(database)
    assert "the bootstrap file db/bootstrap.sql is not trusted; nothing was synced" in result.err


def test_a_personal_bootstrap_file_that_lies_in_the_checkout_is_the_checkouts(
    project: Sandbox, bootstrapped: Sandbox, database: Database
) -> None:
    project.git("config", "gitmig.bootstrap", "db/bootstrap.sql")
    project.gitmig("sync")
    bootstrapped.write("db/bootstrap.sql", f"CREATE ROLE pwned_{database.name};")
    bring(project, bootstrapped)
    project.gitmig("trust", "pr7", "--yes")
    result = project.git("switch", "--quiet", "pr7", check=False)
    assert not pwned(database)
    assert "the bootstrap file db/bootstrap.sql is not trusted; nothing was synced" in result.err


def test_nor_is_one_in_a_repository_within_the_repository(team: Sandbox) -> None:
    """A submodule's content is no content of the commit."""
    team.write("sub/.git", "gitdir: ../.git/modules/sub")
    team.write("sub/bootstrap.sql", "SELECT 1;")
    for name in ("sub/bootstrap.sql", ".git/description"):
        team.write("gitmig.toml", f'{TEAM}bootstrap = "{name}"\n')
        result = team.gitmig("verify", "--all", "--database", "postgresql:///none", check=False)
        assert result.status == 2
        assert result.err.startswith(f"error: gitmig.toml: bootstrap names {name}, outside the repository\nhint: ")


# --- trusted content as something else ---


@pytest.fixture
def paired(make_sandbox: Callable[..., Sandbox], database: Database, tmp_path: Path) -> tuple[Sandbox, Sandbox]:
    """A project in the paired layout, and the stranger's clone."""
    sandbox = make_sandbox("paired", database.url)
    sandbox.write("gitmig.toml", 'folder = "migrations"\nlayout = "paired"\n')
    sandbox.write("migrations/0001_a.up.sql", "CREATE TABLE a (id int PRIMARY KEY);")
    sandbox.write("migrations/0001_a.down.sql", "DROP TABLE a;")
    sandbox.gitmig("init")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    sandbox.run("git", "clone", "--quiet", str(sandbox.root), str(tmp_path / "stranger"))
    return sandbox, Sandbox(tmp_path / "stranger", {})


def test_a_trusted_down_is_no_trusted_up(paired: tuple[Sandbox, Sandbox], database: Database) -> None:
    project, fork = paired
    fork.write("migrations/0002_b.up.sql", "DROP TABLE a;")
    bring(project, fork)
    assert "not trusted, so not run: 0002_b" in project.git("switch", "--quiet", "pr7", check=False).err
    assert database.tables() == ["a"]


def test_a_trusted_up_is_no_trusted_down(paired: tuple[Sandbox, Sandbox], database: Database) -> None:
    project, fork = paired
    fork.write("migrations/0001_a.down.sql", "CREATE TABLE a (id int PRIMARY KEY);")
    bring(project, fork)
    assert "not trusted, so not run: 0001_a" in project.git("switch", "--quiet", "pr7", check=False).err
    assert database.rows("SELECT down FROM gitmig.applied") == [("DROP TABLE a;",)]


def test_the_trusted_bootstrap_file_is_no_migration(
    project: Sandbox, bootstrapped: Sandbox, database: Database
) -> None:
    text = "-- migrate:up\nCREATE TABLE IF NOT EXISTS pwned ();\n"
    project.write("db/bootstrap.sql", text)
    project.commit("the scratch databases need a table")
    project.gitmig("sync", check=False)
    bootstrapped.git("pull", "--quiet", "--no-rebase", "origin", "main")
    bootstrapped.write("migrations/0002_b.sql", text)
    bring(project, bootstrapped)
    assert "not trusted, so not run: 0002_b" in project.git("switch", "--quiet", "pr7", check=False).err
    assert not pwned(database)


def test_a_trusted_script_stays_in_its_transaction(project: Sandbox, fork: Sandbox, database: Database) -> None:
    project.table("0003_c", "c")
    project.git("switch", "--quiet", "--create", "c")
    project.commit("c")
    project.git("switch", "--quiet", "main")
    fork.git("reset", "--quiet", "--hard", "main")
    fork.write(
        "migrations/0003_c.sql",
        "-- migrate:up transaction:false\nCREATE TABLE c (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE c;\n",
    )
    bring(project, fork)
    assert "not trusted, so not run: 0003_c" in project.git("switch", "--quiet", "pr7").err
    assert database.tables() == ["a"]


def test_a_trusted_file_is_what_git_has_of_it(project: Sandbox, fork: Sandbox, database: Database) -> None:
    """An attribute of the commit decides how git writes it into the work tree."""
    for side in (project, fork):
        side.git("reset", "--quiet", "--hard", "main")
    project.git("switch", "--quiet", "--create", "c")
    project.migration("0003_c", "CREATE TABLE c AS SELECT 10 + 1 AS x", "DROP TABLE c")
    project.commit("c")
    project.git("switch", "--quiet", "main")
    fork.git("fetch", "--quiet", "origin")
    fork.git("merge", "--quiet", "--no-edit", "origin/c")
    fork.write(".gitattributes", "*.sql working-tree-encoding=UTF-7\n")
    fork.git("add", ".gitattributes")
    fork.git("commit", "--quiet", "-m", "Set the encoding")
    project.git("fetch", "--quiet", str(fork.root), "+HEAD:pr7")
    project.git("switch", "--quiet", "pr7", check=False)
    assert "+-" in (project.root / "migrations/0003_c.sql").read_text()
    assert "c" not in database.tables() or database.rows("TABLE c") == [(11,)]
    asked = project.gitmig("diff", check=False)
    assert (asked.status, "1 script that this clone does not trust: 0003_c" in asked.err) == (3, True), asked
    os.utime(project.root / "migrations/0003_c.sql")
    project.git("switch", "--quiet", "--create", "other", check=False)
    assert "c" not in database.tables() or database.rows("TABLE c") == [(11,)]


def test_an_object_is_not_replaced(project: Sandbox, fork: Sandbox, database: Database) -> None:
    """`git fetch origin +refs/*:refs/*` brings along `refs/replace`."""
    project.git("switch", "--quiet", "--create", "c")
    project.table("0003_c", "c")
    project.commit("c")
    project.git("switch", "--quiet", "main")
    good = project.git("rev-parse", "c:migrations/0003_c.sql").out.strip()
    fork.git("fetch", "--quiet", "origin", "c")
    bad = fork.git("rev-parse", "pr7:migrations/0002_evil.sql").out.strip()
    project.git("fetch", "--quiet", str(fork.root), "pr7")
    project.git("update-ref", f"refs/replace/{good}", bad)
    project.git("switch", "--quiet", "c", check=False)
    assert not pwned(database)


# --- what git tells of where it came from ---


@pytest.mark.parametrize(
    "refspec", ["+refs/pull/*/head:refs/remotes/origin/pr/*", "pull/7/head:refs/remotes/origin/pr/7"]
)
def test_a_proposal_fetched_once_among_the_branches_of_origin(
    project: Sandbox, origin: Sandbox, fork: Sandbox, database: Database, refspec: str
) -> None:
    """No configuration tells of it."""
    fork.git("push", "--quiet", str(origin.root.parent / "origin.git"), "pr7:refs/pull/7/head")
    project.git("fetch", "--quiet", "origin", refspec)
    assert refused(project.git("checkout", "--quiet", "--detach", "origin/pr/7").err)
    assert not pwned(database)


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_rebased_proposal_approves_of_no_step_on_its_way(
    project: Sandbox, fork: Sandbox, database: Database, backend: str
) -> None:
    """What one commit of it brings and the next takes away is what another proposal brings."""
    fork.git("rm", "--quiet", "migrations/0002_evil.sql")
    bring(project, fork, "no longer")
    project.write("notes", "x")
    project.commit("own")
    project.git("switch", "--quiet", "pr7")
    project.git("rebase", "--quiet", backend, "main")
    fork.git("switch", "--quiet", "--detach", "HEAD~1")
    bring(project, fork, "again", branch="pr8")
    assert refused(project.git("switch", "--quiet", "pr8").err)
    assert not pwned(database)


def test_nor_does_a_commit_between_two_steps_of_a_rebase(project: Sandbox, fork: Sandbox, database: Database) -> None:
    fork.git("reset", "--quiet", "--hard", "main")
    fork.write("first", "x")
    fork.commit("first")
    fork.migration("0002_evil", EVIL)
    bring(project, fork, "second")
    project.write("notes", "x")
    project.commit("own")
    project.git("switch", "--quiet", "pr7")
    project.environment["GIT_SEQUENCE_EDITOR"] = "sed -i 1s/^pick/edit/"
    project.git("rebase", "--quiet", "--interactive", "main")
    project.write("more", "x")
    project.commit("more")
    project.git("rebase", "--continue")
    assert not pwned(database)
    project.git("switch", "--quiet", "main")
    assert refused(project.git("switch", "--quiet", "pr7").err)


BACK = {
    "a rebase that stops at each step": [("rebase", "--quiet", "--exec", "git checkout --quiet --detach HEAD", "main")],
    "a rebase that changes words": [("rebase", "--interactive", "HEAD~1"), ("checkout", "--quiet", "pr7~1")],
    "a revert": [("revert", "--no-edit", "HEAD")],
    "a revert of another name": [("revert", "--no-commit", "HEAD"), ("mv", FIRST, THIRD), ("commit", "-qm", "other")],
    "a commit of the older version": [("checkout", "--quiet", "HEAD~1", "--", FIRST), ("commit", "-qm", "again")],
}


@pytest.mark.parametrize("acts", BACK.values(), ids=BACK)
def test_what_a_proposal_had_and_took_away_does_not_come_back(
    project: Sandbox, origin: Sandbox, fork: Sandbox, database: Database, acts: list[tuple[str, ...]]
) -> None:
    fork.git("rm", "--quiet", FIRST)
    fork.commit("no longer")
    fork.git("push", "--quiet", str(origin.root.parent / "origin.git"), "pr7:refs/pull/7/head")
    project.git("fetch", "--quiet", "origin", "pull/7/head:pr7")
    project.git("checkout", "--quiet", "pr7")
    assert refused(project.git("checkout", "--quiet", "pr7~1").err)
    older = project.git("rev-parse", "HEAD").out.strip()
    project.git("checkout", "--quiet", "pr7")
    project.environment |= {"GIT_SEQUENCE_EDITOR": "sed -i 1s/^pick/reword/", "GIT_EDITOR": "sed -i 1s/^/better:/"}
    for act in acts:
        project.git(*act)
        assert not pwned(database), act
    project.git("switch", "--quiet", "main")
    project.git("checkout", "--quiet", older)
    assert not pwned(database)


@pytest.mark.parametrize("options", [("--rebase",), ("--rebase", "--autostash"), ("--ff-only",)], ids=" ".join)
def test_a_proposal_that_is_looked_at_again(
    project: Sandbox, fork: Sandbox, database: Database, options: tuple[str, ...]
) -> None:
    """`gh pr checkout` has the branch follow the proposal, and many have configured `pull.rebase`."""
    fork.git("reset", "--quiet", "--hard", "main")
    fork.write("first", "x")
    bring(project, fork, "first")
    project.git("switch", "--quiet", "pr7")
    project.git("config", "branch.pr7.remote", str(fork.root))
    project.git("config", "branch.pr7.merge", "refs/heads/pr7")
    if options[0] == "--rebase":
        fork.git("commit", "--quiet", "--amend", "-m", "better words")
    fork.migration("0002_evil", EVIL)
    fork.commit("second")
    project.git("pull", "--quiet", *options)
    assert (project.root / "migrations/0002_evil.sql").exists()
    assert refused(project.git("switch", "--quiet", "--create", "mine").err)
    assert not pwned(database)


@pytest.mark.parametrize("setting", ["log.showRoot=false", "log.follow=true", "log.diffMerges=off"])
def test_how_git_shows_history_does_not_decide(
    project: Sandbox, fork: Sandbox, database: Database, setting: str
) -> None:
    fork.git("switch", "--quiet", "--detach", "main")
    fork.git("checkout", "--quiet", "--orphan", "new")
    fork.write("gitmig.toml", TEAM)
    fork.table("0001_a", "a")
    fork.migration("0002_evil", EVIL)
    fork.commit("all of it")
    fork.git("branch", "--quiet", "--force", "pr7", "HEAD")
    project.git("config", *setting.split("="))
    fetch(project, fork)
    project.git("restore", "--source=pr7", "migrations")
    project.git("switch", "--quiet", "--create", "mine")
    assert not pwned(database)


@pytest.mark.parametrize("later", ["the same name", "another name", "another branch"])
def test_what_was_refused_is_not_ones_own_when_git_has_forgotten_where_it_is_from(
    project: Sandbox, origin: Sandbox, fork: Sandbox, database: Database, later: str
) -> None:
    """FETCH_HEAD is only of the last fetch, and no ref leads to what was fetched before."""
    fork.git("rm", "--quiet", FIRST)
    fork.commit("no longer")
    fork.git("push", "--quiet", str(origin.root.parent / "origin.git"), "pr7:refs/pull/7/head")
    project.git("fetch", "--quiet", "origin", "pull/7/head")
    project.git("restore", "--source=FETCH_HEAD~1", "--staged", "--worktree", FIRST)
    assert refused(project.git("checkout", "--quiet", "-b", "x").err)
    project.git("fetch", "--quiet", "origin")
    if later == "another name":
        project.git("mv", FIRST, THIRD)
    if later == "another branch":
        project.git("switch", "--quiet", "main")
    project.git("checkout", "--quiet", "-b", "y")
    assert not pwned(database)
    project.gitmig("trust", "--yes")
    project.git("checkout", "--quiet", "-b", "z")
    assert pwned(database), "approved is approved"


def test_what_another_work_tree_has_fetched_is_not_ones_own(
    project: Sandbox, fork: Sandbox, database: Database, tmp_path: Path
) -> None:
    project.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    linked = Sandbox(tmp_path / "linked", project.environment)
    linked.git("fetch", "--quiet", str(fork.root), "pr7")
    proposal = linked.git("rev-parse", "FETCH_HEAD").out.strip()
    project.git("checkout", "--quiet", proposal, "--", "migrations")
    assert refused(project.git("checkout", "--quiet", "-b", "z").err)
    linked.git("checkout", "--quiet", "-b", "in-the-main-one-it-was-fetched")
    project.git("fetch", "--quiet", str(fork.root), "pr7")
    linked.git("fetch", "--quiet", ".")
    linked.git("checkout", "--quiet", proposal, "--", "migrations")
    linked.git("checkout", "--quiet", "-b", "w")
    assert not pwned(database)


@pytest.mark.parametrize("committed", [False, True])
def test_own_work_that_says_what_was_refused_elsewhere(
    project: Sandbox, fork: Sandbox, database: Database, committed: bool
) -> None:
    """A text that is one's own as well stays it."""
    if committed:
        project.environment["GITMIG_SKIP"] = "1"
        project.git("switch", "--quiet", "--create", "mine")
        project.migration("0002_mine", EVIL)
        project.commit("mine")
        project.git("switch", "--quiet", "main")
        project.environment["GITMIG_SKIP"] = "0"
    fetch(project, fork)
    project.git("switch", "--quiet", "pr7")
    project.git("switch", "--quiet", "main")
    project.migration("0004_mine", EVIL)
    said = project.git("switch", "--quiet", "--create", "more").err
    assert (pwned(database), "not trusted" in said) == (committed, not committed)


@pytest.mark.parametrize("committed", [False, True])
def test_a_new_name_for_a_file_of_a_proposal_approves_of_nothing_in_it(
    project: Sandbox, fork: Sandbox, database: Database, committed: bool
) -> None:
    fetch(project, fork)
    project.git("switch", "--quiet", "pr7")
    project.git("mv", "migrations/0002_evil.sql", "migrations/0003_evil.sql")
    if committed:
        project.commit("another number")
    result = project.git("switch", "--quiet", "--create", "mine")
    assert not pwned(database)
    assert "not trusted, so not run: 0003_evil" in result.err


def test_what_git_knows_of_the_ledger_is_not_approved_by_it(
    project: Sandbox, fork: Sandbox, database: Database, tmp_path: Path
) -> None:
    """Somebody has synced the proposal, elsewhere, to the database that both use."""
    other = Sandbox(tmp_path / "elsewhere", project.environment)
    project.run("git", "clone", "--quiet", str(project.root), str(other.root))
    other.git("fetch", "--quiet", str(fork.root), "pr7:pr7")
    other.git("switch", "--quiet", "pr7")
    other.gitmig("sync")
    fetch(project, fork)
    project.marker.unlink()  # as if anything else had happened here
    result = project.git("switch", "--quiet", "--create", "topic")
    assert database.tables() == ["a"], result
    assert refused(project.git("switch", "--quiet", "pr7").err)
    assert not pwned(database)


# --- settings ---


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("setting", ['verify = "never"', 'ignore = ["*"]', 'kept_age = "0 days"', "shared = true"])
def test_before_the_first_sync_by_hand_no_checkout_sets_the_limits(
    make_sandbox: Callable[..., Sandbox], database: Database, tmp_path: Path, setting: str, linked: bool
) -> None:
    sandbox = make_sandbox()
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "pr7")
    sandbox.write("gitmig.toml", f"{setting}\n")
    sandbox.commit("evil")
    sandbox.git("switch", "--quiet", "main")
    sandbox.git("config", "gitmig.database", database.url)
    sandbox.gitmig("hooks", "install")
    look = ("worktree", "add", "--quiet", str(tmp_path / "linked"), "pr7") if linked else ("switch", "--quiet", "pr7")
    assert sandbox.git(*look).err == (
        "warning: no work tree of this clone was synced by hand yet; nothing was synced; "
        "`gitmig sync` by hand decides\n"
    )
    assert not [*(sandbox.root / ".git").rglob("binding.json")]
    sandbox.git("switch", "--quiet", "main", check=False)
    sandbox.gitmig("sync")
    if not linked:
        assert "gitmig.toml changes" in sandbox.git("switch", "--quiet", "pr7").err
    assert database.tables() == ["a"]


def test_settings_that_were_only_looked_at_are_forgotten(
    make_sandbox: Callable[..., Sandbox], database: Database, precious: str
) -> None:
    sandbox = make_sandbox(url=database.url)
    sandbox.table("0001_a", "a")
    sandbox.gitmig("hooks", "install")
    sandbox.gitmig("sync")
    sandbox.commit("no gitmig.toml at all")
    sandbox.environment["GITMIG_SKIP"] = "1"
    sandbox.git("switch", "--quiet", "--create", "pr7")
    sandbox.write("gitmig.toml", f'database = "{precious}"\nverify = "never"\nkept_age = "0 days"\n')
    sandbox.commit("evil")
    sandbox.git("switch", "--quiet", "main")
    sandbox.environment["GITMIG_SKIP"] = "0"
    assert "change" in sandbox.git("switch", "--quiet", "pr7").err
    assert sandbox.git("switch", "--quiet", "main").err == ""
    del sandbox.environment["DATABASE_URL"]
    assert precious not in sandbox.gitmig("db", "url", check=False).out


@pytest.mark.usefixtures("cold")  # the limit of memory is for gitmig
def test_settings_that_are_a_device_are_none(team: Sandbox) -> None:
    (team.root / "pyproject.toml").symlink_to("/dev/zero")
    (team.root / "gitmig.toml").unlink()
    team.run("timeout", "-s", "KILL", "20", "sh", "-c", "ulimit -v 4000000; git switch --quiet -c b")


@pytest.mark.parametrize("key", ["verify", "ignore", "kept_age"])
def test_a_commit_with_stricter_settings_does_not_bind_to_them(team: Sandbox, database: Database, key: str) -> None:
    wide = {"verify": 'verify = "never"\n', "ignore": 'ignore = ["tmp_*"]\n', "kept_age": 'kept_age = "9 days"\n'}[key]
    team.git("switch", "--quiet", "main")
    team.git("switch", "--quiet", "--create", "old")
    team.git("switch", "--quiet", "main")
    team.write("gitmig.toml", (team.root / "gitmig.toml").read_text() + wide)
    team.table("0002_b", "b")
    team.gitmig("sync")
    team.commit("wider")
    quiet(team.git("switch", "--quiet", "old"))
    assert database.tables() == ["a"]
    assert "gitmig.toml changes" not in team.git("switch", "--quiet", "main").err
    assert database.tables() == ["a", "b"]


# --- ordinary work never asks ---


def test_a_commit_of_a_work_tree_that_is_gone(project: Sandbox, database: Database, tmp_path: Path) -> None:
    linked = Sandbox(tmp_path / "linked", project.environment | {"GITMIG_SKIP": "1"})
    project.git("worktree", "add", "--quiet", "-b", "b", str(linked.root))
    linked.table("0002_b", "b")
    linked.commit("b")
    project.git("worktree", "remove", str(linked.root))
    quiet(project.git("switch", "--quiet", "b"))
    assert database.tables() == ["a", "b"]


def test_a_script_that_was_corrected_and_finished_by_hand(project: Sandbox, database: Database) -> None:
    project.write(
        "migrations/0002_b.sql",
        "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nCREATE TABL c (id int);\n"
        "-- migrate:down\nDROP TABLE b, c;\n",
    )
    project.git("config", "gitmig.runOutside", "always")
    assert project.gitmig("sync", check=False).status == 3
    project.write(
        "migrations/0002_b.sql",
        "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\n"
        "-- migrate:down\nDROP TABLE b, c;\n",
    )
    project.gitmig("sync")
    assert database.tables() == ["a", "b", "c"]
    result = project.git("switch", "--quiet", "--create", "mine")
    assert "this clone knows no script" not in result.err


def test_a_ledger_that_a_person_has_synced_from_is_known(project: Sandbox, database: Database, tmp_path: Path) -> None:
    """Another clone has applied what is in no commit; the same file is here."""
    other = Sandbox(tmp_path / "elsewhere", project.environment)
    project.run("git", "clone", "--quiet", str(project.root), str(other.root))
    for side in (other, project):
        side.table("0002_b", "b")
    other.gitmig("sync")
    project.gitmig("sync")
    result = project.git("switch", "--quiet", "--create", "mine")
    assert "this clone knows no script" not in result.err


def test_a_conflict_that_is_resolved(project: Sandbox, database: Database) -> None:
    """By a merge, a pick and a rebase, each with an edited file."""
    for branch in ("one", "two", "three"):
        project.git("switch", "--quiet", "--create", branch, "main")
        project.table("0002_b", f"b_{branch}")
        project.commit(branch)
    for move in (("merge", "one"), ("cherry-pick", "one"), ("rebase", "one")):
        project.git("switch", "--quiet", "--create", f"by_{move[0]}", "two")
        project.git(*move, check=False)
        project.migration("0002_b", f"CREATE TABLE {move[0].replace('-', '_')} (id int);", "SELECT 1;")
        project.git("add", "--all")
        project.git("-c", "core.editor=true", move[0], "--continue")
        quiet(project.git("switch", "--quiet", "three"), project.git("switch", "--quiet", f"by_{move[0]}"))
        assert move[0].replace("-", "_") in database.tables()


def test_a_mail_a_revert_and_an_interactive_rebase(project: Sandbox, database: Database) -> None:
    project.git("switch", "--quiet", "--create", "topic")
    project.table("0002_b", "b")
    project.commit("b")
    project.table("0003_c", "c")
    project.commit("c")
    patch = project.git("format-patch", "--stdout", "main").out
    project.git("revert", "--no-edit", "HEAD")
    project.git("revert", "--no-edit", "HEAD")
    project.environment["GIT_SEQUENCE_EDITOR"] = "sed -i 2,4s/^pick/squash/"
    project.git("-c", "core.editor=true", "rebase", "--quiet", "--interactive", "main")
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "topic"))
    assert database.tables() == ["a", "b", "c"]
    project.git("switch", "--quiet", "--create", "mailed", "main")
    mail = project.write("../mail", patch)
    project.git("am", "--quiet", str(mail))
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "mailed"))
    assert database.tables() == ["a", "b", "c"]


def test_a_number_that_a_colleagues_migration_gets_here(project: Sandbox, origin: Sandbox, database: Database) -> None:
    """In the work tree, and in a commit; the server squashes it, and it is pulled."""
    origin.git("switch", "--quiet", "--create", "theirs")
    origin.table("0002_b", "b")
    origin.commit("b")
    origin.git("push", "--quiet", "origin", "theirs")
    project.git("fetch", "--quiet")
    project.environment["GITMIG_SKIP"] = "1"
    project.git("switch", "--quiet", "theirs")
    project.git("mv", "migrations/0002_b.sql", "migrations/0003_b.sql")
    project.environment["GITMIG_SKIP"] = "0"
    quiet(project.git("switch", "--quiet", "--create", "renumbered"))
    assert database.applied() == ["0001_a", "0003_b"]
    project.commit("renumbered")
    project.git("push", "--quiet", "origin", "renumbered")
    origin.git("fetch", "--quiet")
    origin.git("switch", "--quiet", "main")
    origin.git("merge", "--quiet", "--squash", "origin/renumbered")
    origin.table("0004_d", "d")
    origin.commit("squashed")
    origin.git("push", "--quiet", "origin", "main")
    project.git("switch", "--quiet", "main")
    project.write("notes", "x")
    project.commit("own")
    quiet(project.git("pull", "--quiet", "--rebase"))
    assert database.applied() == ["0001_a", "0003_b", "0004_d"]
    project.git("remote", "rename", "origin", "company")
    quiet(project.git("checkout", "--quiet", "--detach", "company/theirs"))
    assert database.applied() == ["0001_a", "0002_b"]


def test_files_with_one_content(paired: tuple[Sandbox, Sandbox], database: Database) -> None:
    """Small downs are often the same; also those of somebody else's."""
    project, fork = paired
    fork.write("migrations/0002_evil.up.sql", EVIL)
    fork.write("migrations/0002_evil.down.sql", "SELECT 1;")
    bring(project, fork)
    project.environment["GITMIG_SKIP"] = "1"
    project.git("switch", "--quiet", "--create", "topic")
    for number in (2, 3):
        project.write(f"migrations/000{number}_x.up.sql", f"CREATE TABLE x{number} (id int);")
        project.write(f"migrations/000{number}_x.down.sql", "SELECT 1;")
        project.commit(f"{number}")
    project.git("switch", "--quiet", "main")
    project.environment["GITMIG_SKIP"] = "0"
    quiet(project.git("switch", "--quiet", "topic"))
    assert database.tables() == ["a", "x2", "x3"]
    project.write("migrations/0004_x.up.sql", "CREATE TABLE x4 (id int);")
    project.write("migrations/0004_x.down.sql", "SELECT 1;")
    quiet(project.git("switch", "--quiet", "--create", "more"))
    assert database.tables() == ["a", "x2", "x3", "x4"]


def test_one_fast_forward_after_the_other(project: Sandbox, fork: Sandbox, database: Database) -> None:
    """Without any remote: what was merged by hand stays a branch of one's own."""
    for commits in ("pr7", "more"):
        if commits == "more":
            fork.migration("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
            fork.commit("c")
        project.environment["GITMIG_SKIP"] = "1"
        project.git("fetch", "--quiet", str(fork.root), "pr7")
        project.git("merge", "--quiet", "--ff-only", "FETCH_HEAD")
    project.environment["GITMIG_SKIP"] = "0"
    quiet(project.git("switch", "--quiet", "--create", "topic"))
    assert database.tables() == ["a", "c", "pwned"]


@pytest.mark.parametrize("remote", [False, True])
def test_own_work_that_was_taken_away_comes_back(
    project: Sandbox, request: pytest.FixtureRequest, database: Database, remote: bool
) -> None:
    if remote:
        request.getfixturevalue("origin")
    project.environment["GITMIG_SKIP"] = "1"
    project.git("switch", "--quiet", "--create", "topic")
    project.table("0002_b", "b")
    project.commit("b")
    project.git("mv", "migrations/0002_b.sql", "migrations/0003_b.sql")
    project.commit("another number")
    project.git("rm", "--quiet", "migrations/0003_b.sql")
    project.write("notes", "x")
    project.commit("not now")
    project.environment["GITMIG_SKIP"] = "0"
    quiet(project.git("checkout", "--quiet", "topic~1"))
    assert database.tables() == ["a", "b"]
    quiet(project.git("switch", "--quiet", "topic"), project.git("revert", "--no-edit", "HEAD"))
    quiet(project.git("rebase", "--quiet", "--force-rebase", "--exec", "git checkout --quiet --detach HEAD", "main"))
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "topic"))
    assert database.tables() == ["a", "b"]


def test_the_same_text_under_many_names_is_looked_for_once(project: Sandbox, fork: Sandbox, database: Database) -> None:
    """Each name is a way to each other one: all orders of them would take days."""
    for number in range(3, 15):
        fork.git("mv", f"migrations/{number - 1:04}_evil.sql", f"migrations/{number:04}_evil.sql")
        fork.git("commit", "--quiet", "-m", f"{number}")
    fetch(project, fork)
    project.write("notes", "x")
    project.commit("own")
    project.git("switch", "--quiet", "pr7")
    project.environment["GITMIG_SKIP"] = "1"
    project.git("rebase", "--quiet", "main")
    project.environment["GITMIG_SKIP"] = "0"
    assert "not trusted, so not run: 0013_evil" in project.git("checkout", "--quiet", "--detach", "HEAD~1").err
    assert not pwned(database)


def test_what_gitmig_itself_writes(project: Sandbox, database: Database) -> None:
    database.rows("CREATE TABLE by_hand (id int)")
    project.gitmig("capture", "by_hand")
    project.git("switch", "--quiet", "--create", "captured")
    project.commit("captured")
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "captured"))
    assert database.tables() == ["a", "by_hand"]
    project.git("switch", "--quiet", "main")
    project.gitmig("new", "more", "--sql", "CREATE TABLE more (id int)", check=False)
    quiet(project.git("switch", "--quiet", "--create", "topic"))
    project.commit("new")
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "topic"))


def test_without_a_reflog_a_sync_by_hand_is_enough(project: Sandbox, database: Database) -> None:
    project.git("config", "core.logAllRefUpdates", "false")
    (project.root / ".git/logs/HEAD").unlink()
    project.git("switch", "--quiet", "--create", "b")
    project.table("0002_b", "b")
    project.gitmig("sync")
    project.commit("b")
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "b"))
    assert database.tables() == ["a", "b"]
