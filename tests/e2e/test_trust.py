"""Whose scripts a hook runs, and on which database: attacks that succeeded, and ordinary work, which never asks."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Sandbox, begin, url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Database
    from tests.originals import Make

EVIL = "CREATE TABLE pwned (id int);"


@pytest.fixture
def precious(database: Database, server: str) -> Iterator[str]:
    """The URL of a database that is none of this clone's business; it has a table `precious` with one row."""
    name = f"{database.name}_other"
    database.rows(f"CREATE DATABASE {name}")
    url = url_of(server, name)
    other = type(database)(url, name)
    other.rows("CREATE TABLE precious AS SELECT 1 AS x")
    yield url
    assert other.rows("TABLE precious") == [(1,)]
    assert other.tables() == ["precious"], "nothing was made there"
    database.rows(f"DROP DATABASE {name} WITH (FORCE)")


def make_project(sandbox: Sandbox) -> None:
    begin(sandbox)
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    sandbox.commit("a")


@pytest.fixture
def project(made_once: Callable[[Make], Sandbox]) -> Sandbox:
    """main has table a, and the database is there."""
    return made_once(make_project)


@pytest.fixture
def fork(project: Sandbox, tmp_path: Path) -> Sandbox:
    """A stranger's clone of the project, whose branch `pr7` has one migration more; no gitmig there."""
    project.run("git", "clone", "--quiet", str(project.root), str(tmp_path / "fork"))
    found = Sandbox(tmp_path / "fork", {})
    found.git("switch", "--quiet", "--create", "pr7")
    found.migration("0002_evil", EVIL)
    found.commit("Correct a typing error")
    return found


@pytest.fixture
def origin(project: Sandbox, tmp_path: Path) -> Sandbox:
    """A colleague's clone, and `origin`, a bare repository that both push to."""
    project.run("git", "clone", "--quiet", "--bare", str(project.root), str(tmp_path / "origin.git"))
    project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    project.git("fetch", "--quiet", "origin")
    project.git("branch", "--set-upstream-to=origin/main", "main")
    project.run("git", "clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "colleague"))
    return Sandbox(tmp_path / "colleague", {})


def fetch(project: Sandbox, fork: Sandbox) -> None:
    """Fetch the proposal as people do, which makes a local branch."""
    project.git("fetch", "--quiet", str(fork.root), "pr7:pr7")


def refused(err: str) -> bool:
    """Whether it was one line that says what was not run, and how to look and approve."""
    (line,) = (line for line in err.splitlines() if not line.startswith("gitmig: "))  # that tells of a record
    assert line == (
        "warning: not trusted, so not run: 0002_evil; nothing was synced; "
        "`gitmig trust` shows and approves it, `gitmig sync` runs it"
    )
    return True


# --- what a stranger proposes ---

LOOKS = {
    "a local branch": [("switch", "--quiet", "pr7")],
    "detached": [("checkout", "--quiet", "--detach", "pr7")],
    "another branch on top": [("checkout", "--quiet", "-b", "review", "pr7")],
    "a work tree": [("worktree", "add", "--quiet", "../review", "pr7")],
    "bisect": [("bisect", "start", "pr7", "main"), ("bisect", "reset"), ("switch", "--quiet", "pr7")],
}


@pytest.mark.parametrize("moves", LOOKS.values(), ids=LOOKS)
def test_looking_at_a_proposal_runs_nothing_of_it(
    project: Sandbox, fork: Sandbox, database: Database, moves: list[tuple[str, ...]]
) -> None:
    fetch(project, fork)
    results = [project.git(*move) for move in moves]
    assert refused(results[-1].err)
    assert database.tables() == ["a"]


def test_nor_does_a_proposal_that_was_fetched_without_a_ref(
    project: Sandbox, fork: Sandbox, database: Database
) -> None:
    project.git("fetch", "--quiet", str(fork.root), "pr7")
    assert refused(project.git("checkout", "--quiet", "FETCH_HEAD").err)
    assert database.tables() == ["a"]


def test_nor_one_that_lies_among_the_branches_of_origin(
    project: Sandbox, origin: Sandbox, fork: Sandbox, database: Database
) -> None:
    """`+refs/pull/*/head:refs/remotes/origin/pr/*` is what many people configure."""
    fork.git("push", "--quiet", str(origin.root.parent / "origin.git"), "pr7:refs/pull/7/head")
    project.git("config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/remotes/origin/pr/*")
    project.git("fetch", "--quiet", "origin")
    assert refused(project.git("checkout", "--quiet", "--detach", "origin/pr/7").err)
    assert database.tables() == ["a"]


def test_nor_a_branch_of_a_strangers_remote(
    project: Sandbox, origin: Sandbox, fork: Sandbox, database: Database
) -> None:
    project.git("remote", "add", "mallory", str(fork.root))
    project.git("fetch", "--quiet", "mallory")
    assert refused(project.git("checkout", "--quiet", "-b", "pr7", "mallory/pr7").err)
    assert database.tables() == ["a"]
    project.git("switch", "--quiet", "main")
    project.git("config", "gitmig.trustedRemote", "mallory")
    project.git("switch", "--quiet", "pr7")
    assert database.tables() == ["a", "pwned"]


def test_nor_when_the_proposal_gets_newer_by_a_fast_forward(
    project: Sandbox, fork: Sandbox, database: Database
) -> None:
    fork.git("switch", "--quiet", "--create", "innocent", "main")
    fork.write("notes", "x")
    fork.commit("Correct a typing error")
    project.git("fetch", "--quiet", str(fork.root), "innocent:looked")
    project.git("switch", "--quiet", "looked")
    fork.migration("0002_evil", EVIL)
    fork.commit("more")
    project.git("fetch", "--quiet", str(fork.root), "innocent")
    assert refused(project.git("merge", "--quiet", "--ff-only", "FETCH_HEAD").err)
    assert database.tables() == ["a"]


@pytest.mark.parametrize("how", ["commit on top", "amend", "rebase", "reset to see it as changes", "edit"])
def test_work_on_top_of_a_proposal_approves_of_nothing_in_it(
    project: Sandbox, fork: Sandbox, database: Database, how: str
) -> None:
    fetch(project, fork)
    project.commit("own")
    project.git("switch", "--quiet", "pr7")
    if how == "commit on top":
        project.write("notes", "x")
        project.commit("notes")
    elif how == "amend":
        project.git("commit", "--quiet", "--amend", "-m", "better words")
    elif how == "rebase":
        project.write("notes", "x")
        project.git("rebase", "--quiet", "main")
    elif how == "reset to see it as changes":
        project.git("reset", "--quiet", "main")
    else:
        project.migration("0002_evil", f"{EVIL} -- looked at")
    project.git("switch", "--quiet", "--create", "mine")
    assert database.tables() == ["a"]


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_a_file_that_shows_as_changed_since_its_checkout_is_still_the_strangers(
    project: Sandbox, fork: Sandbox, database: Database, ending: str
) -> None:
    text = f"-- migrate:up\n{EVIL}\n-- migrate:down\nDROP TABLE pwned;\n".replace("\n", ending)
    fork.write("migrations/0002_evil.sql", text)
    fork.commit("with other line ends")
    fork.write(".gitattributes", "*.sql text eol=lf\n")
    fork.git("add", ".gitattributes")
    fork.git("commit", "--quiet", "-m", "attributes")
    fetch(project, fork)
    project.git("switch", "--quiet", "pr7")
    os.utime(project.root / "migrations/0002_evil.sql")
    project.git("switch", "--quiet", "--create", "mine")
    assert database.tables() == ["a"]


def test_a_down_that_a_proposal_edits_does_not_get_into_the_ledger(
    project: Sandbox, fork: Sandbox, database: Database
) -> None:
    (fork.root / "migrations/0002_evil.sql").unlink()
    fork.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY);", "DROP TABLE a; CREATE TABLE pwned ();")
    fork.commit("a better way back")
    fetch(project, fork)
    assert "not trusted, so not run: 0001_a" in project.git("switch", "--quiet", "pr7").err
    assert "pwned" not in str(database.rows("SELECT down FROM gitmig.applied"))


def test_a_script_in_the_ledger_that_this_clone_does_not_know_is_not_run(project: Sandbox, database: Database) -> None:
    database.rows("UPDATE gitmig.applied SET down = 'DROP TABLE a; CREATE TABLE pwned ()'")
    project.git("rm", "--quiet", "migrations/0001_a.sql")
    project.write("migrations/.gitkeep", "")
    project.commit("without a")
    result = project.git("switch", "--quiet", "--create", "b")
    assert "the ledger has 0001_a, of which this clone knows no script; nothing was synced" in result.err
    assert database.tables() == ["a"]


def test_the_bootstrap_file_of_a_proposal_does_not_run_either(
    project: Sandbox, fork: Sandbox, database: Database
) -> None:
    """It would run on scratch databases: of the same server, as the same role."""
    project.write("bootstrap.sql", "SELECT 1;")
    project.write("gitmig.toml", 'folder = "migrations"\nlayout = "single"\nbootstrap = "bootstrap.sql"\n')
    project.gitmig("sync")
    project.commit("bootstrap")
    fork.git("pull", "--quiet", "--no-rebase", "origin", "main")
    fork.write("bootstrap.sql", "CREATE ROLE pwned;")
    fork.commit("bootstrap")
    fetch(project, fork)
    result = project.git("switch", "--quiet", "pr7")
    assert "the bootstrap file bootstrap.sql is not trusted; nothing was synced" in result.err
    assert database.rows("SELECT FROM pg_roles WHERE rolname = 'pwned'") == []


# --- approving ---


def test_what_was_approved_runs(project: Sandbox, fork: Sandbox, database: Database) -> None:
    fetch(project, fork)
    project.git("switch", "--quiet", "pr7")
    shown = project.gitmig("trust", check=False)
    assert shown.status == 3
    assert EVIL in shown.out
    assert shown.err.startswith("error: 1 script not approved: 0002_evil\nhint: ")
    assert project.gitmig("trust", "--dry-run").out.endswith("1 script not trusted: 0002_evil\n")
    assert "approved 1 script" in project.gitmig("trust", "--yes").out
    assert project.gitmig("trust").out == "every script is trusted\n"
    project.git("switch", "--quiet", "main")
    project.git("switch", "--quiet", "pr7")
    assert database.tables() == ["a", "pwned"]
    path = project.root / ".git/gitmig/trust"
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_commit_can_be_approved_without_a_checkout(project: Sandbox, fork: Sandbox, database: Database) -> None:
    fetch(project, fork)
    project.gitmig("trust", "pr7", "--yes")
    project.git("switch", "--quiet", "pr7")
    assert database.tables() == ["a", "pwned"]


def test_approval_is_of_content(project: Sandbox, fork: Sandbox, database: Database) -> None:
    fetch(project, fork)
    project.gitmig("trust", "pr7", "--yes")
    fork.migration("0002_evil", f"{EVIL} CREATE TABLE more (id int);")
    fork.commit("more")
    project.git("fetch", "--quiet", str(fork.root), "pr7:pr7")
    assert refused(project.git("switch", "--quiet", "pr7").err)


def test_a_sync_by_hand_is_consent(project: Sandbox, fork: Sandbox, database: Database) -> None:
    fetch(project, fork)
    project.git("switch", "--quiet", "pr7")
    project.gitmig("sync")
    project.git("switch", "--quiet", "main")
    assert database.tables() == ["a"]
    quiet(project.git("switch", "--quiet", "pr7"))
    assert database.tables() == ["a", "pwned"]


@pytest.mark.parametrize(
    "command", [("diff", "pr7"), ("diff", "main", "pr7"), ("verify", "pr7"), ("check", "--prove", "main", "pr7")]
)
def test_commands_that_run_scripts_on_the_side_say_so(
    project: Sandbox, fork: Sandbox, command: tuple[str, ...]
) -> None:
    fetch(project, fork)
    result = project.gitmig(*command, check=False)
    assert result.status == 3, result
    assert result.err.startswith(
        "error: this would run, on a scratch database of the same server, "
        "1 script that this clone does not trust: 0002_evil\nhint: --trust runs them this once, "
    )
    assert "COPY … TO PROGRAM" in result.err
    assert project.gitmig(*command, "--trust", check=False).status in {0, 1}


# --- ordinary work never asks ---


def quiet(*results: object) -> None:
    assert "trust" not in str(results), results


@pytest.fixture
def colleague(origin: Sandbox) -> Sandbox:
    """The colleague has pushed branch `theirs` with table b."""
    origin.git("switch", "--quiet", "--create", "theirs")
    origin.table("0002_b", "b")
    origin.commit("b")
    origin.git("push", "--quiet", "origin", "theirs")
    return origin


def test_a_colleagues_branch_from_origin(project: Sandbox, colleague: Sandbox, database: Database) -> None:
    project.git("fetch", "--quiet")
    quiet(project.git("switch", "--quiet", "theirs"))
    assert database.tables() == ["a", "b"]
    quiet(project.git("switch", "--quiet", "main"))
    quiet(project.git("checkout", "--quiet", "--detach", "origin/theirs"))
    assert database.tables() == ["a", "b"]


@pytest.mark.parametrize(
    "move",
    [
        *(("merge", "--quiet", "--no-ff", "-m", "m", "other"), ("merge", "--quiet", "other"), ("rebase", "other")),
        *(("cherry-pick", "other"), ("pull", "--quiet", "--no-rebase", ".", "other")),
    ],
    ids=lambda move: move[0] + move[-2],
)
def test_what_is_brought_in_by_hand(project: Sandbox, fork: Sandbox, database: Database, move: tuple[str, ...]) -> None:
    """Merged, rebased onto, picked or pulled: that is consent."""
    project.git("fetch", "--quiet", str(fork.root), "pr7:other")
    project.git("switch", "--quiet", "--create", "mine")
    if move[0] != "merge" or "--no-ff" in move:
        project.table("0003_c", "c")
        project.commit("c")
    quiet(project.git(*move))
    project.git("switch", "--quiet", "main")
    assert database.tables() == ["a"]
    quiet(project.git("switch", "--quiet", "mine"))
    assert "pwned" in database.tables()


def test_own_work_in_every_state(project: Sandbox, database: Database) -> None:
    project.table("0002_b", "b")
    quiet(project.git("switch", "--quiet", "--create", "untracked"))
    assert database.tables() == ["a", "b"]
    project.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY, more int);", "DROP TABLE a;")
    quiet(project.git("switch", "--quiet", "--create", "modified"))
    assert database.columns("a") == ["id", "more"]
    project.table("0003_c", "c")
    project.git("add", "--all")
    quiet(project.git("switch", "--quiet", "--create", "staged"))
    assert database.tables() == ["a", "b", "c"]
    project.commit("all of it")
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "staged"))
    assert database.tables() == ["a", "b", "c"]
    project.git("commit", "--quiet", "--amend", "-m", "better words")
    project.git("mv", "migrations/0003_c.sql", "migrations/0004_c.sql")
    project.commit("renumbered")
    quiet(project.git("switch", "--quiet", "main"), project.git("switch", "--quiet", "staged"))
    assert database.applied() == ["0001_a", "0002_b", "0004_c"]


@pytest.mark.parametrize("options", [(), ("--include-untracked",)], ids=str)
def test_a_stash(project: Sandbox, database: Database, options: tuple[str, ...]) -> None:
    project.table("0002_b", "b")
    if not options:
        project.git("add", "--all")
    project.git("stash", "push", "--quiet", *options)
    project.git("switch", "--quiet", "--create", "other")
    project.git("stash", "apply", "--quiet", "--index")
    quiet(project.git("switch", "--quiet", "main"))
    assert database.tables() == ["a", "b"]


def test_a_commit_made_without_the_hook(project: Sandbox, database: Database) -> None:
    project.environment["GITMIG_SKIP"] = "1"
    project.git("switch", "--quiet", "--create", "b")
    project.table("0002_b", "b")
    project.commit("b")
    project.git("switch", "--quiet", "main")
    del project.environment["GITMIG_SKIP"]
    quiet(project.git("switch", "--quiet", "b"))
    assert database.tables() == ["a", "b"]


def test_what_was_there_when_gitmig_was_set_up(
    make_sandbox: Callable[..., Sandbox], database: Database, tmp_path: Path
) -> None:
    """Branches that came here in a way no reflog tells of, before `gitmig init`."""
    first = make_sandbox("first")
    first.table("0001_a", "a")
    first.commit("a")
    first.git("switch", "--quiet", "--create", "b")
    first.table("0002_b", "b")
    first.commit("b")
    sandbox = make_sandbox("second", database.url)
    sandbox.git("fetch", "--quiet", str(first.root), "main:one", "b:two")
    sandbox.git("switch", "--quiet", "one")
    sandbox.gitmig("init")
    quiet(sandbox.git("switch", "--quiet", "two"))
    assert database.tables() == ["a", "b"]
    sandbox.git("switch", "--quiet", "one")
    assert database.tables() == ["a"]


def test_a_fresh_clone(colleague: Sandbox, database: Database, tmp_path: Path) -> None:
    fresh = Sandbox(tmp_path / "fresh", {"DATABASE_URL": database.url})
    colleague.run("git", "clone", "--quiet", "--depth=1", f"file://{tmp_path}/origin.git", str(fresh.root))
    database.rows("DROP TABLE a; DROP SCHEMA gitmig, gitmig_kept CASCADE")
    fresh.gitmig("init")
    fresh.git("remote", "set-branches", "origin", "*")
    fresh.git("fetch", "--quiet", "--depth=1", "origin")
    quiet(fresh.git("switch", "--quiet", "theirs"))
    assert database.tables() == ["a", "b"]


def test_work_trees(project: Sandbox, database: Database, tmp_path: Path) -> None:
    project.git("branch", "--quiet", "other")
    quiet(project.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "other"))
    linked = Sandbox(tmp_path / "linked", project.environment)
    linked.table("0002_b", "b")
    linked.commit("b")
    project.git("switch", "--quiet", "--create", "again")
    quiet(project.git("switch", "--quiet", "--detach", "other"))
    assert database.tables() == ["a", "b"]


def test_an_approval_outlives_the_reflog(project: Sandbox, database: Database) -> None:
    project.git("switch", "--quiet", "--create", "b")
    project.table("0002_b", "b")
    project.commit("b")
    project.git("switch", "--quiet", "main")
    quiet(project.git("switch", "--quiet", "b"))
    project.git("switch", "--quiet", "main")
    project.git("reflog", "expire", "--expire=now", "--all")
    quiet(project.git("switch", "--quiet", "b"))
    assert database.tables() == ["a", "b"]


# --- a checkout cannot redirect ---

REDIRECTS = {
    "gitmig.toml": ({"gitmig.toml": 'database = "{}"\n'}, "gitmig.toml names"),
    "gitmig.toml, unverified": ({"gitmig.toml": 'database = "{}"\nverify = "never"\n'}, "gitmig.toml names"),
    "gitmig.toml, all ignored": ({"gitmig.toml": 'database = "{}"\nignore = ["*"]\n'}, "gitmig.toml names"),
    ".env": ({".env": "DATABASE_URL={}\n"}, ".env (DATABASE_URL) names"),
    "pyproject.toml": ({"pyproject.toml": '[tool.gitmig]\ndatabase = "{}"\n', "gitmig.toml": None}, "pyproject.toml n"),
}


@pytest.fixture
def team(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """A project whose database is named by the team's settings alone."""
    sandbox = make_sandbox()
    sandbox.write("gitmig.toml", f'folder = "migrations"\nlayout = "single"\ndatabase = "{database.url}"\n')
    sandbox.table("0001_a", "a")
    sandbox.gitmig("init")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "evil")
    return sandbox


def commit_evil(sandbox: Sandbox, files: dict[str, str | None], url: str) -> None:
    """A commit on this branch, with the hooks asleep, that redirects and would destroy; then back to main."""
    for path, text in files.items():
        if text is None:
            (sandbox.root / path).unlink()
        else:
            sandbox.write(path, text.format(url))
    sandbox.migration("0002_evil", "DROP TABLE IF EXISTS precious; CREATE TABLE pwned (id int);")
    sandbox.environment["GITMIG_SKIP"] = "1"
    sandbox.git("add", "--all", "--force")
    sandbox.commit("evil")
    sandbox.git("switch", "--quiet", "main")
    sandbox.environment["GITMIG_SKIP"] = "0"


@pytest.mark.parametrize(("files", "said"), REDIRECTS.values(), ids=REDIRECTS)
def test_a_checkout_does_not_lead_to_another_database(
    team: Sandbox, database: Database, precious: str, files: dict[str, str | None], said: str
) -> None:
    commit_evil(team, files, precious)
    result = team.git("switch", "--quiet", "evil")
    (line,) = result.err.strip().splitlines()
    assert line.startswith(f"warning: {said}")
    assert line.endswith("; nothing was synced; `gitmig sync` by hand decides")
    assert database.tables() == ["a"]


@pytest.mark.each_choice
@pytest.mark.parametrize("personal", ["git config", "--worktree", "environment"])
@pytest.mark.parametrize(("files", "said"), REDIRECTS.values(), ids=REDIRECTS)
def test_what_is_personal_wins_over_what_a_checkout_brings_along(
    team: Sandbox, database: Database, precious: str, files: dict[str, str | None], said: str, personal: str
) -> None:
    if personal == "git config":
        team.git("config", "gitmig.database", database.url)
    elif personal == "--worktree":
        team.git("config", "extensions.worktreeConfig", "true")
        team.git("config", "--worktree", "gitmig.database", database.url)
        team.environment["DATABASE_URL"] = precious
    else:
        team.environment["DATABASE_URL"] = database.url
    team.gitmig("sync")
    commit_evil(team, files, precious)
    team.git("switch", "--quiet", "evil")
    team.gitmig("sync", check=False)


WIDER = {
    "verify": 'verify = "never"\n',
    "ignore": 'ignore = ["*"]\n',
    "layout": 'layout = "goose"\n',
    "folder": 'folder = "other"\n',
    "bootstrap": 'bootstrap = "migrations/0001_a.sql"\n',
    "kept_age": 'kept_age = "0 days"\n',
}


@pytest.mark.parametrize("key", WIDER)
def test_a_checkout_does_not_make_more_happen(team: Sandbox, database: Database, precious: str, key: str) -> None:
    lines = {"folder": 'folder = "migrations"\n', "layout": 'layout = "single"\n'} | {key: WIDER[key]}
    commit_evil(team, {"gitmig.toml": f'database = "{database.url}"\n' + "".join(lines.values())}, "")
    result = team.git("switch", "--quiet", "evil")
    assert result.err.strip() == (
        f"warning: gitmig.toml changes {key}; nothing was synced; `gitmig sync` by hand decides"
    )
    assert database.tables() == ["a"]


def test_a_sync_by_hand_decides(team: Sandbox, database: Database) -> None:
    commit_evil(team, {"gitmig.toml": f'database = "{database.url}"\nlayout = "single"\nverify = "never"\n'}, "")
    team.git("switch", "--quiet", "evil")
    team.gitmig("sync")
    assert database.tables() == ["a", "pwned"]
    team.environment["GITMIG_SKIP"] = "1"
    team.git("switch", "--quiet", "main")
    team.environment["GITMIG_SKIP"] = "0"
    assert team.git("switch", "--quiet", "evil").err == ""


def test_a_variable_in_dotenv_is_not_that_of_the_shell(team: Sandbox, database: Database, precious: str) -> None:
    """`.env` of a checkout could else be put together with what the shell has for other programs."""
    team.environment["OTHER_URL"] = precious
    team.write(".env", f"BASE={database.url}\nDATABASE_URL=${{BASE}}\n")
    assert team.gitmig("db", "url").out.strip() == database.url
    team.write(".env", f"DATABASE_URL=${{OTHER_URL:-{database.url}}}\n")
    assert team.gitmig("db", "url").out.strip() == database.url
    team.write(".env", "DATABASE_URL=${OTHER_URL}\n")
    assert team.gitmig("db", "url").out.strip() == database.url, "an empty one is none: that of gitmig.toml counts"


@pytest.mark.parametrize("name", ["../bootstrap.sql", "/etc/hostname", "link.sql"])
def test_the_bootstrap_file_lies_in_the_repository(team: Sandbox, database: Database, name: str) -> None:
    outside = team.root.parent / "bootstrap.sql"
    outside.write_text("SELECT 1;")
    (team.root / "link.sql").symlink_to(outside)
    team.write("gitmig.toml", f'folder = "migrations"\nlayout = "single"\nbootstrap = "{name}"\n')
    result = team.gitmig("verify", "--all", "--database", "postgresql:///none", check=False)
    assert result.status == 2
    assert result.err.startswith(f"error: gitmig.toml: bootstrap names {name}, outside the repository\nhint: ")
    binding = team.root / ".git/gitmig/binding.json"
    known = json.loads(binding.read_text())
    known["limits"]["bootstrap"] = name  # as if it had been there at the last sync
    binding.write_text(json.dumps(known))
    team.write("gitmig.toml", f'{(team.root / "gitmig.toml").read_text()}database = "{database.url}"\n')
    hook = team.git("switch", "--quiet", "--create", "hook")
    assert hook.err.startswith(
        f"warning: gitmig.toml: bootstrap names {name}, outside the repository; nothing was synced"
    )
    assert len(hook.err.strip().splitlines()) == 1


# --- the URL that is not there ---


def test_a_gui_client_without_the_shells_url_starts_nothing(project: Sandbox, database: Database) -> None:
    project.git("switch", "--quiet", "--create", "b")
    project.table("0002_b", "b")
    project.gitmig("sync")
    project.commit("b")
    url = project.environment.pop("DATABASE_URL")
    result = project.git("switch", "--quiet", "main")
    (line,) = result.err.strip().splitlines()
    assert line.startswith(f"warning: no database URL is set here, and the last sync had {database.name}")
    assert "from environment variable DATABASE_URL; nothing was synced" in line
    assert not (project.root / ".git/gitmig/postgres").exists()
    project.environment["DATABASE_URL"] = url
    project.git("switch", "--quiet", "b")
    assert database.tables() == ["a", "b"]


def test_a_linked_work_tree_without_the_ignored_dotenv_starts_nothing(
    make_sandbox: Callable[..., Sandbox], database: Database, tmp_path: Path
) -> None:
    sandbox = make_sandbox()
    sandbox.write(".gitignore", ".env\n")
    sandbox.write(".env", f"DATABASE_URL={database.url}\n")
    sandbox.table("0001_a", "a")
    sandbox.gitmig("init")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "b")
    result = sandbox.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    assert result.err.startswith("warning: no database URL is set here, and the last sync had ")
    assert "from .env (DATABASE_URL); nothing was synced" in result.err
    assert not (sandbox.root / ".git/gitmig/postgres").exists()


def test_a_url_left_over_from_another_project_is_not_followed(project: Sandbox, precious: str) -> None:
    project.environment["DATABASE_URL"] = precious
    result = project.git("switch", "--quiet", "--create", "topic")
    assert "environment variable DATABASE_URL names" in result.err
    assert "and this work tree was last synced with" in result.err
