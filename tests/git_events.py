"""Every way in which git moves, as rows that `tests/e2e/test_git_events.py` plays and `docs/git-events.md` shows.

`python -m tests.git_events` writes the page anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/git-events.md"


class Database(Enum):
    """What the database does."""

    FOLLOWS = "follows"
    STAYS = "stays"
    UNTOLD = "git tells nobody"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Commands of a user, each of which leaves the database as `database` says; `before` are not looked at.

    Every command is a line for the shell. `note` is told in the table. `with_manager` is for a clone in which husky or
    lefthook owns the hooks, if that makes a difference: what they read is committed, and not there in every commit.
    """

    does: str
    commands: tuple[str, ...]
    before: tuple[str, ...] = ()
    database: Database = Database.FOLLOWS
    note: str = ""
    with_manager: Database | None = None


# What every row begins with: main has tables a and b, two; `more` comes from main's first commit.
WORLD = """
m() {
    printf -- '-- migrate:up\\nCREATE TABLE %s (id int);\\n-- migrate:down\\nDROP TABLE %s;\\n' "$2" "$2" \\
        >migrations/$1_$2.sql
}
c() { git add -A && git commit -qm "$1"; }
mkdir -p migrations; echo first >notes.txt; m 1 a; c a
git switch -qc more; m 3 x; c x; m 4 y; c y
git switch -qc clash main; m 2 b; echo '-- another' >>migrations/2_b.sql; c clash
git switch -qc mixed main; echo mixed >notes.txt; m 5 n; c mixed
git switch -q main; m 2 b; echo second >notes.txt; c b
git switch -qc app; echo pass >app.py; c app
git switch -q main
"""
EDIT = "GIT_SEQUENCE_EDITOR='sed -i {}' git rebase -i main"
NEW = "printf -- '-- migrate:up\\nCREATE TABLE w (id int);\\n-- migrate:down\\nDROP TABLE w;\\n' >migrations/9_w.sql"
STAGED = (NEW, "git add migrations", "gitmig sync -y")
UNTRACKED = (NEW, "gitmig sync -y")

FOLLOWS, STAYS, UNTOLD = Database

GROUPS: dict[str, tuple[Row, ...]] = {
    "Branches and commits checked out": (
        Row(does="git switch BRANCH", commands=("git switch more", "git switch main")),
        Row(does="git switch --detach", commands=("git switch --detach more~1", "git switch --detach more")),
        Row(does="git switch -c NEW START", commands=("git switch -c new more~1",)),
        Row(does="git checkout -b NEW", commands=("git checkout -b new",)),
        Row(does="git switch --merge", before=(*STAGED,), commands=("git switch --merge more",)),
        Row(
            does="git switch --orphan NEW",
            commands=("git switch --orphan new",),
            note="there is no migrations folder: one line says so, and the database stays",
            with_manager=Database.UNTOLD,
        ),
        Row(
            does="git bisect start, good, bad, reset",
            commands=("git bisect start more main~1", "git bisect bad", "git bisect reset"),
        ),
        Row(
            does="git bisect run",
            before=("git switch more",),
            commands=("git bisect start more main~1", "git bisect run check", "git bisect reset"),
        ),
    ),
    "Reset": (
        Row(
            does="git reset --hard",
            commands=("git reset --hard HEAD~1", "git reset --hard ORIG_HEAD", "git reset --hard more"),
        ),
        Row(does="git reset --keep, --merge", commands=("git reset --keep HEAD~1", "git reset --merge ORIG_HEAD")),
        Row(does="git reset --hard over uncommitted work", before=STAGED, commands=("git reset --hard",)),
        Row(
            does="git reset, git reset --soft",
            commands=("git reset HEAD~1", "git reset --soft ORIG_HEAD"),
            note="the work tree stays, too",
        ),
    ),
    "Stash": (
        Row(does="git stash, git stash pop", before=STAGED, commands=("git stash", "git stash pop")),
        Row(
            does="git stash pop of one of several",
            before=(
                *STAGED,
                "git stash",
                NEW.replace("9_w", "8_v").replace(" w", " v"),
                "git add migrations",
                "git stash",
            ),
            commands=("git stash pop", "git reset --hard", "git stash pop"),
        ),
        Row(
            does="git stash apply",
            before=(*STAGED, "git stash"),
            commands=("git stash apply", "git reset --hard", "git stash apply --index"),
        ),
        Row(does="git stash -u, git stash pop", before=UNTRACKED, commands=("git stash -u", "git stash pop")),
        Row(does="git stash --keep-index", before=STAGED, commands=("git stash --keep-index",)),
        Row(
            does="git stash --staged",
            before=(*STAGED, "echo more >>notes.txt"),
            commands=("git stash --staged", "git stash pop"),
        ),
        Row(
            does="git stash push -- PATH",
            before=STAGED,
            commands=("git stash push -- migrations/9_w.sql", "git stash pop"),
        ),
        Row(does="git stash branch", before=(*STAGED, "git stash"), commands=("git stash branch new",)),
        Row(
            does="git stash apply of untracked files",
            before=(*UNTRACKED, "git stash -u"),
            commands=("git stash apply",),
            database=UNTOLD,
            note="they come after its last hook, which says so; with `git stash pop`, too, where there are several",
        ),
    ),
    "Files": (
        Row(
            does="git restore FILE",
            before=("rm migrations/2_b.sql", "gitmig sync -y"),
            commands=("git restore migrations/2_b.sql",),
        ),
        Row(
            does="git restore --source, git checkout COMMIT -- FOLDER",
            commands=(
                "git restore --source more migrations",
                "git checkout main -- migrations",
                "git checkout more -- migrations",
            ),
        ),
        Row(does="git checkout .", before=("echo '-- edited' >>migrations/2_b.sql",), commands=("git checkout .",)),
        Row(does="git clean", before=UNTRACKED, commands=("git clean -fdq",), database=UNTOLD),
        Row(
            does="git rm, git mv",
            commands=("git rm -q migrations/2_b.sql",),
            database=UNTOLD,
            note="as an editor or `rm`; `git commit` tells",
        ),
        Row(
            does="git apply",
            before=("git diff main~1 main -- migrations >../change.patch", "git reset --hard main~1"),
            commands=("git apply ../change.patch",),
            database=UNTOLD,
        ),
        Row(does="git sparse-checkout", commands=("git sparse-checkout set --no-cone app.py",), database=UNTOLD),
    ),
    "Commits": (
        Row(does="git commit of a new migration", before=(NEW, "git add -A"), commands=("git commit -qm new",)),
        Row(
            does="git commit -a of an edited or deleted one",
            before=("echo '-- edited' >>migrations/1_a.sql", "rm migrations/2_b.sql"),
            commands=("git commit -qam edited",),
        ),
        Row(does="git commit --amend", before=(NEW, "git add -A"), commands=("git commit -q --amend --no-edit",)),
        Row(
            does="git commit --amend that takes a migration out",
            before=("git rm -q migrations/2_b.sql",),
            commands=("git commit -q --amend --no-edit",),
        ),
        Row(
            does="git commit of something else",
            before=(NEW, "echo x >>notes.txt"),
            commands=("git commit -qam notes",),
            database=STAYS,
            note="somebody is at work on a migration",
        ),
    ),
    "Merges": (
        Row(does="git merge", commands=("git merge more",)),
        Row(does="git merge, a fast-forward", before=("git switch -q -c old main~1",), commands=("git merge main",)),
        Row(does="git merge --squash", commands=("git merge --squash more", "git commit -qm squash")),
        Row(does="git merge --no-commit, --abort", commands=("git merge --no-commit more", "git merge --abort")),
        Row(does="git merge with conflicts elsewhere, --abort", commands=("! git merge mixed", "git merge --abort")),
        Row(
            does="git merge with conflicts elsewhere, resolved",
            commands=("! git merge mixed", "echo both >notes.txt", "git commit -qam merged"),
        ),
        Row(
            does="git merge with conflicts in migrations",
            before=("git switch -q clash",),
            commands=("! git merge main",),
            database=STAYS,
            note="one line says so",
        ),
        Row(
            does="the same, resolved and committed",
            before=("git switch -q clash", "! git merge main", "git checkout -q --ours migrations", "git add -A"),
            commands=("git commit -qm merged",),
        ),
        Row(does="git merge --autostash", before=STAGED, commands=("git merge --autostash more",)),
        Row(
            does="git pull",
            before=("git switch -q -c old main~1",),
            commands=("git pull . main", "git pull --no-rebase . more"),
        ),
        Row(does="git pull --rebase", before=("git switch -q more",), commands=("git pull --rebase . main",)),
        Row(
            does="git pull --rebase --autostash",
            before=("git switch -q more", *STAGED),
            commands=("git pull --rebase --autostash . main",),
        ),
    ),
    "Cherry-pick, revert, patches": (
        Row(does="git cherry-pick", commands=("git cherry-pick more~1", "git cherry-pick --ff more~1..more")),
        Row(
            does="git cherry-pick --ff",
            before=("git switch -q --detach more~1",),
            commands=("git cherry-pick --ff more",),
        ),
        Row(does="git cherry-pick A B", commands=("git cherry-pick more~1 more",)),
        Row(does="git cherry-pick --no-commit", commands=("git cherry-pick --no-commit more~1",)),
        Row(
            does="git cherry-pick with conflicts, --abort",
            commands=("! git cherry-pick more~1 mixed", "git cherry-pick --abort"),
        ),
        Row(
            does="git cherry-pick with conflicts, --skip",
            commands=("! git cherry-pick mixed more~1", "git cherry-pick --skip"),
        ),
        Row(
            does="git cherry-pick with conflicts, --continue",
            before=("! git cherry-pick mixed more~1", "echo both >notes.txt", "git add -A"),
            commands=("git -c core.editor=true cherry-pick --continue",),
        ),
        Row(does="git revert", commands=("git revert --no-edit HEAD", "git revert --no-edit HEAD")),
        Row(does="git revert --no-commit", commands=("git revert --no-commit HEAD", "git revert --abort")),
        Row(
            does="git am",
            before=("git format-patch -q -o ../patches main~1..more",),
            commands=("git am -q ../patches/*",),
        ),
        Row(
            does="git am, stopped, --abort",
            before=("git format-patch -q -o ../patches main~1..mixed",),
            commands=("! git am -q ../patches/*", "git am --abort"),
        ),
    ),
    "Rebase": (
        Row(does="git rebase", before=("git switch -q more",), commands=("git rebase main",)),
        Row(
            does="git rebase of nothing, a fast-forward",
            before=("git switch -q -c old main~1",),
            commands=("git rebase main",),
        ),
        Row(does="git rebase, HEAD detached", before=("git switch -q --detach more",), commands=("git rebase main",)),
        Row(does="git rebase --apply", before=("git switch -q more",), commands=("git rebase --apply main",)),
        Row(
            does="git rebase --apply, a fast-forward, HEAD detached",
            before=("git switch -q --detach main~1",),
            commands=("git rebase --apply main",),
        ),
        Row(
            does="git rebase --apply, a fast-forward",
            before=("git switch -q -c old main~1",),
            commands=("git rebase --apply main",),
        ),
        Row(
            does="git rebase -i, edit, --continue",
            before=("git switch -q more",),
            commands=(EDIT.format("1s/pick/edit/"), "git rebase --continue"),
        ),
        Row(
            does="git rebase -i, edit, --abort",
            before=("git switch -q more",),
            commands=(EDIT.format("1s/pick/edit/"), "git rebase --abort"),
        ),
        Row(
            does="git rebase -i, break",
            before=("git switch -q more",),
            commands=(EDIT.format("1abreak"), "git rebase --continue"),
        ),
        Row(
            does="git rebase -i, drop",
            before=("git switch -q more",),
            commands=(EDIT.format("2s/pick/drop/"), EDIT.format("s/pick/drop/")),
        ),
        Row(does="git rebase --exec", before=("git switch -q more",), commands=("git rebase --exec check main",)),
        Row(
            does="git rebase with conflicts, --abort",
            before=("git switch -q mixed",),
            commands=("! git rebase main", "git rebase --abort"),
        ),
        Row(
            does="git rebase with conflicts, --continue",
            before=("git switch -q mixed",),
            commands=(
                "! git rebase main",
                "echo both >notes.txt && git add -A && git -c core.editor=true rebase --continue",
            ),
        ),
        Row(
            does="git rebase with conflicts, --quit",
            before=("git switch -q mixed",),
            commands=("! git rebase main", "git rebase --quit"),
        ),
        Row(
            does="git rebase --apply with conflicts, HEAD detached, --abort",
            before=("git switch -q --detach mixed", "! git rebase --apply main"),
            commands=("git rebase --abort",),
        ),
        Row(
            does="git rebase --autostash",
            before=("git switch -q more", *STAGED),
            commands=("git rebase --autostash main",),
        ),
        Row(
            does="git rebase --apply --autostash",
            before=("git switch -q more", *STAGED),
            commands=("git rebase --apply --autostash main",),
        ),
        Row(
            does="git rebase --autostash, stopped, --abort",
            before=("git switch -q mixed", *STAGED, "! git rebase --autostash main"),
            commands=("git rebase --abort",),
        ),
    ),
}

INTRODUCTION = """# What git does, and what the database does

Written by `python -m tests.git_events` from the rows that `tests/e2e/test_git_events.py` plays with real git, in an
ordinary and in a linked work tree, and in a repository with reftable where git has that. They were played with git
2.39 and 2.55, and where husky 8 or 9, lefthook 2.2, simple-git-hooks 2.14 or pre-commit 4.7 owns the hooks, the tool
being run before gitmig and once more behind it.

The database **follows**: after the command it is that of the work tree. It **stays** where there is a reason to. Where
**git tells nobody**, no hook is called after the files are there; `gitmig status` says so, and `gitmig sync`, or the
next command that follows, brings the database along.

A command that goes through several commits, as a rebase, brings the database along once: at its end, or where it stops
and hands the work tree over. It also does before a command of `git rebase --exec`, so that tests find their schema;
with [`during_rebase = "end"`](configuration.md) it waits for the end in both cases. Work that `--autostash` puts away
is waited for: a migration in it is not reverted in between.
"""
OUTLOOK = """
## What else git tells nobody

- An editor, `rm` and `mv`, `git add`: a migration that you are writing is applied by `gitmig sync`, by the commit that
  brings it, or by the next command that follows.
- `git am`, and `git rebase --apply`, that stop at a patch: the database is where it was before the first of them, until
  they end or are aborted.
- Submodules that git checks out because of `submodule.recurse`: a project that lies in one is not told.
- Programs that use no git but a library: most of them call no hooks.
- git before 2.22 has no hook for `git stash apply`, before 2.28 none for `git reset`, `git stash`, an aborted rebase.
  git 2.28 has that one, but calls another hook by mistake once two were called: there `git am`, `git cherry-pick` of
  several commits, and most rebases leave the database behind. 2.29 is mended.
"""


def page() -> str:
    """The page, from the rows."""
    parts = [INTRODUCTION]
    for title, rows in GROUPS.items():
        parts.append(f"\n## {title}\n\n| command | the database |\n|---|---|\n")
        for row in rows:
            manager = f"with husky or lefthook {row.with_manager.value}" if row.with_manager else ""
            parts.append(f"| {row.does} | {'; '.join(filter(None, (row.database.value, row.note, manager)))} |\n")
    return "".join([*parts, OUTLOOK])


if __name__ == "__main__":
    PAGE.write_text(page())
