"""Installing the hooks beside whatever is there, and leaving no trace afterwards."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitmig.cli.wording import hook_words
from gitmig.errors import GitmigError
from gitmig.git import hooks
from gitmig.git.hook_managers import READS_INPUT
from gitmig.git.hooks import HookState
from gitmig.git.marker import LISTENER, PARKED, park
from tests.conftest import Sandbox
from tests.git.conftest import opened
from tests.hook_managers import MANAGERS, husky

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.git.repository import Repository

# The files: git would start the last one many times for nothing, so it waits under another name.
SCRIPTS = (*hooks.FOLLOWING[:-1], "reference-transaction.parked")
FOREIGN = "#!/bin/sh\necho foreign >&2\n"


def states(found: list[hooks.Hook]) -> dict[str, str]:
    return {hook.name: hook_words(hook) for hook in found}


def everywhere(state: str, **others: str) -> dict[str, str]:
    """The state of every hook; those named otherwise have another one."""
    return {name: others.get(name.replace("-", "_"), state) for name in hooks.FOLLOWING}


def listing(directory: Path) -> dict[str, bytes | str]:
    return {p.name: str(p.readlink()) if p.is_symlink() else p.read_bytes() for p in sorted(directory.iterdir())}


@pytest.fixture
def directory(repo: Sandbox) -> Path:
    found = repo.root / ".git/hooks"
    found.mkdir(exist_ok=True)
    return found


def test_installing_uninstalling_and_both_twice(repo: Sandbox, directory: Path) -> None:
    repository = opened(repo)
    assert states(hooks.status(repository)) == everywhere("not installed")
    for _ in range(2):
        assert states(hooks.install(repository).hooks) == everywhere("installed")
    assert all(os.access(directory / name, os.X_OK) for name in SCRIPTS)
    for _ in range(2):
        assert states(hooks.uninstall(repository).hooks) == everywhere("not installed")
    assert listing(directory) == {}


@pytest.mark.parametrize(
    "kind", ["script", "symbolic link", "dangling link", "binary", "empty", "not executable", "directory"]
)
def test_a_foreign_hook_is_set_aside_and_comes_back(repo: Sandbox, directory: Path, tmp_path: Path, kind: str) -> None:
    hook = directory / "post-checkout"
    if "link" in kind:
        if kind == "symbolic link":
            (tmp_path / "shared").write_text(FOREIGN)
        hook.symlink_to(tmp_path / "shared")
    elif kind == "directory":
        hook.mkdir()
    else:
        hook.write_bytes({"binary": b"\x7fELF\xff\0", "empty": b""}.get(kind, FOREIGN.encode()))
        hook.chmod(0o644 if kind == "not executable" else 0o755)
    before = hook.lstat()
    repository = opened(repo)
    expected = everywhere("installed", post_checkout="installed, after post-checkout.pre-gitmig")
    assert states(hooks.install(repository).hooks) == expected
    assert states(hooks.install(repository).hooks) == expected
    assert not hook.is_symlink()
    hooks.uninstall(repository)
    after = hook.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert [path.name for path in directory.iterdir()] == ["post-checkout"]


def test_a_symbolic_link_to_somebody_elses_file_is_never_written_through(
    repo: Sandbox, directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "shared").write_text(FOREIGN)
    (directory / "post-checkout").symlink_to(tmp_path / "shared")
    hooks.install(opened(repo))
    assert (tmp_path / "shared").read_text() == FOREIGN


def both(directory: Path, name: str) -> None:
    for suffix in ("", ".pre-gitmig"):
        (directory / f"{name}{suffix}").write_text(FOREIGN + suffix)


def test_two_foreign_hooks_are_one_too_many(repo: Sandbox, directory: Path) -> None:
    both(directory, "post-checkout")
    before = listing(directory)
    with pytest.raises(GitmigError) as caught:
        hooks.install(opened(repo))
    one, two = directory / "post-checkout", directory / "post-checkout.pre-gitmig"
    assert caught.value.message == f"both {one} and {two} are there, and neither is gitmig's"
    assert caught.value.hint == "merge the two into post-checkout.pre-gitmig, delete post-checkout, and install again"
    assert listing(directory) == before


def test_a_refusal_of_the_second_hook_installs_not_even_the_first(repo: Sandbox, directory: Path) -> None:
    both(directory, "post-commit")
    before = listing(directory)
    with pytest.raises(GitmigError):
        hooks.install(opened(repo))
    assert listing(directory) == before


def test_an_outdated_hook_is_renewed_and_its_chain_kept(repo: Sandbox, directory: Path) -> None:
    (directory / "post-checkout").write_text(FOREIGN)
    repository = opened(repo)
    hooks.install(repository)
    hook = directory / "post-checkout"
    for spoil in ("text", "mode"):
        if spoil == "text":
            hook.write_text(hook.read_text() + "# older\n")
        else:
            hook.chmod(0o644)
        (state, *_) = hooks.status(repository)
        assert state.state is HookState.OUTDATED
        assert states(hooks.install(repository).hooks)["post-checkout"] == "installed, after post-checkout.pre-gitmig"
    assert (directory / "post-checkout.pre-gitmig").read_text() == FOREIGN


def pre_commit_over_ours(directory: Path) -> None:
    """What `pre-commit install --hook-type post-checkout` does to a hook it finds."""
    (directory / "post-checkout").rename(directory / "post-checkout.legacy")
    (directory / "post-checkout").write_text("#!/bin/sh\n# File generated by pre-commit\n")
    (directory / "post-checkout").chmod(0o755)


def test_ours_below_pre_commits_goes_and_pre_commits_stays(repo: Sandbox, directory: Path) -> None:
    repository = opened(repo)
    hooks.install(repository)
    pre_commit_over_ours(directory)
    for found in (hooks.status(repository), hooks.install(repository).hooks):
        assert states(found)["post-checkout"] == "installed, through pre-commit"
    assert hooks.trouble(repository) is None
    assert sorted(listing(directory))[:2] == ["post-checkout", "post-checkout.legacy"], "nothing was set aside"
    hooks.uninstall(repository)
    assert listing(directory) == {"post-checkout": b"#!/bin/sh\n# File generated by pre-commit\n"}


def test_a_legacy_hook_that_is_not_ours_stays(repo: Sandbox, directory: Path) -> None:
    (directory / "post-checkout.legacy").write_text(FOREIGN)
    repository = opened(repo)
    hooks.install(repository)
    hooks.uninstall(repository)
    assert listing(directory) == {"post-checkout.legacy": FOREIGN.encode()}


def test_what_ours_ran_below_pre_commits_is_still_run_without_ours(repo: Sandbox, directory: Path) -> None:
    """foreign, then gitmig over it, then pre-commit over both: pre-commit runs what it finds under .legacy."""
    (directory / "post-checkout").write_text(FOREIGN)
    repository = opened(repo)
    hooks.install(repository)
    pre_commit_over_ours(directory)
    hooks.uninstall(repository)
    assert (directory / "post-checkout.legacy").read_text() == FOREIGN


@pytest.mark.parametrize("path", ["hooks here", "my/[x]*/ü"])
def test_core_hookspath_is_where_they_go(repo: Sandbox, path: str) -> None:
    repo.git("config", "core.hooksPath", path)
    found = hooks.install(opened_below(repo)).hooks
    assert [hook.path for hook in found] == [repo.root / path / name for name in hooks.FOLLOWING]
    assert all(hook.path.exists() for hook in found)


@pytest.mark.parametrize("where", ["~/hooks", "committed"])
def test_a_folder_that_others_have_too_gets_only_what_suits_them_and_only_if_somebody_agrees(
    repo: Sandbox, tmp_path: Path, where: str
) -> None:
    repo.git("config", "core.hooksPath", where)
    folder = tmp_path / "home/hooks" if where == "~/hooks" else repo.root / where
    folder.mkdir(parents=True)
    (folder / "post-commit").write_text(FOREIGN)
    (folder / "post-commit").chmod(0o755)
    if where == "committed":
        repo.commit("hooks")
    before = listing(folder)
    repository = opened_below(repo)
    refused = hooks.install(repository)
    assert listing(folder) == before
    assert [change.path for change in refused.refused] == [folder / name for name in hooks.FOLLOWING]
    assert [change.is_tracked for change in refused.refused] == [
        where == "committed" and name == "post-commit" for name in hooks.FOLLOWING
    ]
    agreed = hooks.install(repository, consent=yes)
    assert states(agreed.hooks) == everywhere("installed, through core.hooksPath")
    assert (folder / "post-commit").read_text().startswith(FOREIGN)
    assert sys.executable not in "".join(path.read_text() for path in folder.iterdir())
    assert hooks.trouble(repository) is None
    hooks.uninstall(repository, consent=yes)
    assert listing(folder) == before


def yes(changes: Sequence[hooks.FileChange]) -> bool:
    """Somebody who agrees."""
    return True


@pytest.mark.each_choice
@pytest.mark.parametrize("order", ["gitmig first", "gitmig second", "an older gitmig over it"])
@pytest.mark.parametrize("name", MANAGERS)
def test_with_another_manager_in_either_order_and_after_its_next_run(repo: Sandbox, name: str, order: str) -> None:
    manager = MANAGERS[name]
    if order == "gitmig first":
        hooks.install(opened(repo))
    for path, text in manager.files.items():
        repo.write(path, text)
    repo.commit("configured")
    manager.run(repo)
    if order == "an older gitmig over it":
        folder = hooks.directory(opened(repo))
        folder.mkdir(exist_ok=True)
        for event in hooks.FOLLOWING:
            if (folder / event).exists():
                (folder / event).rename(folder / f"{event}.pre-gitmig")
            (folder / event).write_bytes(hooks.script())
            (folder / event).chmod(0o755)
    lost = hooks.trouble(opened(repo))
    assert (lost is None) == (order == "an older gitmig over it")
    before = repo.git("status", "--short", "--untracked-files").out
    refused = hooks.install(opened(repo))
    assert refused.refused
    assert repo.git("status", "--short", "--untracked-files").out == before, "nothing is changed without a word"
    for _ in range(2):
        done = hooks.install(opened(repo), consent=yes)
        assert {word for event, word in states(done.hooks).items() if event in manager.events} == {manager.words}
        assert (done.refused, done.by_hand) == ((), ())
        manager.run(repo)
    assert hooks.trouble(opened(repo)) is None
    assert done.changed == (), "the second time there was nothing to do"
    hooks.uninstall(opened(repo), consent=yes)
    assert repo.git("status", "--short").out == ""
    assert hooks.trouble(opened(repo)) is None, "who has taken them away knows"
    leftovers = [path.name for path in hooks.directory(opened(repo)).iterdir()]
    assert not [one for one in leftovers if one.endswith((".pre-gitmig", ".old"))]


def test_a_clone_in_which_the_manager_has_not_run_yet_is_told_to_run_it(repo: Sandbox) -> None:
    husky(repo)
    hooks.install(opened(repo), consent=yes)
    shutil.rmtree(repo.root / ".husky/_")
    assert str(hooks.trouble(opened(repo))) == (
        "git does not call gitmig after post-checkout, post-merge, post-rewrite, post-commit: "
        "husky has not written its hook; run `npx husky`"
    )
    husky(repo)
    (repo.root / ".git/gitmig/hooks/post-merge").unlink()
    assert str(hooks.trouble(opened(repo))) == (
        "git does not call gitmig after post-merge: the script that husky calls is not in the git directory; "
        "run `gitmig hooks install`"
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("rm {0}", "git does not call gitmig after post-merge: there is none at {0}"),
        ("chmod -x {0}", "git does not call gitmig after post-merge: {0} may not be executed"),
        ("echo '#!/bin/sh' > {0}", "git does not call gitmig after post-merge: at {0} is a hook of another tool"),
        ("sed -i 's#^python=.*#python=/nowhere#' {0}", "git does not call gitmig after post-merge: the Python that "
         "installed it, /nowhere, is gone"),
        ("echo '# older' >> {0}", "the hooks are of another version of gitmig: post-merge"),
        (
            "git config core.hooksPath elsewhere",
            f"git does not call gitmig after {', '.join(hooks.FOLLOWING)}: "
            "there is none in elsewhere, where core.hooksPath leads",
        ),
    ],
)  # fmt: skip
def test_what_keeps_git_from_calling_gitmig_is_one_sentence(
    repo: Sandbox, directory: Path, monkeypatch: pytest.MonkeyPatch, spoil: str, words: str
) -> None:
    monkeypatch.setattr("gitmig.git.hooks.shutil.which", lambda _: None)
    hooks.install(opened(repo))
    hook = directory / "post-merge"
    repo.run("sh", "-c", spoil.format(hook))
    assert str(hooks.trouble(opened(repo))) == f"{words.format(hook)}; run `gitmig hooks install`"
    assert hooks.install(opened(repo)).refused == ()
    assert hooks.trouble(opened(repo)) is None


def test_a_clone_without_hooks_is_told_apart_from_one_whose_hooks_are_gone(repo: Sandbox) -> None:
    never = hooks.trouble(opened(repo))
    assert never is not None
    assert never.never
    hooks.install(opened(repo))
    repo.git("config", "core.hooksPath", os.devnull)
    off = hooks.trouble(opened(repo))
    assert off is not None
    assert not off.never
    assert off.mend == "git config --unset core.hooksPath"


def test_an_own_hook_that_calls_gitmig_is_left_as_it_is(repo: Sandbox, directory: Path) -> None:
    text = '#!/bin/sh\ngitmig hooks run post-checkout "$@"\n'
    (directory / "post-checkout").write_text(text)
    (directory / "post-checkout").chmod(0o755)
    found = hooks.install(opened(repo)).hooks
    assert states(found)["post-checkout"] == "installed, through your own hook"
    assert (directory / "post-checkout").read_text() == text


def opened_below(repo: Sandbox) -> Repository:
    """The repository opened from a folder inside it, to which git's answers are relative."""
    return opened(Sandbox(repo.root / "migrations", {}))


def test_hooks_switched_off_by_core_hookspath_are_refused_in_a_sentence(repo: Sandbox) -> None:
    """Git users write core.hooksPath=/dev/null to have no hooks at all."""
    repo.git("config", "core.hooksPath", os.devnull)
    with pytest.raises(GitmigError, match=os.devnull):
        hooks.install(opened(repo))


def test_a_linked_work_tree_and_a_submodule_have_their_hooks_where_git_looks(
    repo: Sandbox, make_sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    found = hooks.install(opened(Sandbox(tmp_path / "linked", {}))).hooks
    assert [hook.path for hook in found] == [repo.root / ".git/hooks" / name for name in hooks.FOLLOWING]
    assert (repo.root / ".git/hooks/reference-transaction").exists(), "another work tree may want it"
    outer = make_sandbox("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.root), "inner")
    found = hooks.install(opened(Sandbox(outer.root / "inner", {}))).hooks
    assert [hook.path.resolve() for hook in found] == [
        outer.root / ".git/modules/inner/hooks" / n for n in hooks.FOLLOWING
    ]


def test_a_bare_repository_can_have_them_too(make_sandbox: Callable[..., Sandbox]) -> None:
    bare = make_sandbox("bare.git", kind="bare")
    assert [hook.path for hook in hooks.install(opened(bare)).hooks] == [
        bare.root / "hooks" / name for name in hooks.FOLLOWING
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("there", ["nothing", "foreign"])
def test_a_folder_that_may_not_be_written_is_named(repo: Sandbox, directory: Path, there: str) -> None:
    if there == "foreign":
        (directory / "post-checkout").write_text(FOREIGN)
    directory.chmod(0o555)
    try:
        with pytest.raises(GitmigError) as caught:
            hooks.install(opened(repo))
    finally:
        directory.chmod(0o755)
    assert caught.value.message == f"cannot write {directory / 'post-checkout'}: Permission denied"
    assert caught.value.hint == "check the folder's permissions"
    assert ".post-checkout" not in "".join(listing(directory))


def test_the_scripts_are_what_is_packaged_with_this_interpreter(repo: Sandbox, directory: Path) -> None:
    hooks.install(opened(repo))
    for name in SCRIPTS:
        text = (directory / name).read_text()
        assert "@PYTHON@" not in text
        assert text.startswith("#!/bin/sh\n# gitmig: ")
        repo.run("sh", "-n", str(directory / name))


def test_the_hooks_that_check_are_installed_on_demand_and_then_kept_current(repo: Sandbox, directory: Path) -> None:
    repository = opened(repo)
    hooks.install(repository)
    assert not (directory / "pre-push").exists()
    every = dict.fromkeys(hooks.FOLLOWING + hooks.CHECKING, "installed")
    assert states(hooks.install(repository, check=True).hooks) == every
    (directory / "pre-push").chmod(0o644)
    assert states(hooks.status(repository)) == every | {"pre-push": "outdated"}
    assert states(hooks.install(repository).hooks) == every
    hooks.uninstall(repository)
    assert listing(directory) == {}


def test_somebody_elses_check_is_nobodys_business_until_ours_is_asked_for(repo: Sandbox, directory: Path) -> None:
    (directory / "pre-push").write_text(FOREIGN)
    repository = opened(repo)
    assert states(hooks.install(repository).hooks) == everywhere("installed")
    assert (directory / "pre-push").read_text() == FOREIGN
    assert states(hooks.install(repository, check=True).hooks)["pre-push"] == "installed, after pre-push.pre-gitmig"


@pytest.fixture
def parked(directory: Path) -> tuple[Path, Path]:
    """The listener's own name, and the one under which it waits."""
    return directory / LISTENER, directory / PARKED


def test_the_listener_waits_until_it_is_wanted(repo: Sandbox, parked: tuple[Path, Path]) -> None:
    listener, waiting = parked
    repository = opened(repo)
    hooks.install(repository)
    assert (listener.exists(), waiting.exists()) == (False, True)
    listener.hardlink_to(waiting)
    assert states(hooks.status(repository)) == everywhere("installed")
    park(repository)
    park(repository)
    assert (listener.exists(), waiting.exists()) == (False, True)
    assert hooks.trouble(repository) is None


def test_the_listener_stays_where_a_move_is_noted(repo: Sandbox, parked: tuple[Path, Path]) -> None:
    repository = opened(repo)
    (repository.make_private(shared=False) / "moved").write_text("1\n")
    hooks.install(repository)
    assert parked[0].samefile(parked[1])


def test_the_listener_stays_where_there_are_more_work_trees(
    repo: Sandbox, parked: tuple[Path, Path], tmp_path: Path
) -> None:
    repository = opened(repo)
    hooks.install(repository)
    parked[0].hardlink_to(parked[1])
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    park(repository)
    assert parked[0].exists()
    repo.git("worktree", "remove", str(tmp_path / "linked"))
    park(repository)
    assert not parked[0].exists()


def test_a_foreign_listener_is_neither_parked_nor_replaced(repo: Sandbox, parked: tuple[Path, Path]) -> None:
    listener, waiting = parked
    repository = opened(repo)
    hooks.install(repository)
    listener.write_text(FOREIGN)  # somebody's, later
    listener.chmod(0o755)
    park(repository)
    assert listener.read_text() == FOREIGN
    assert states(hooks.status(repository))[LISTENER] == "not gitmig's"
    found = states(hooks.install(repository).hooks)
    assert found == everywhere("installed", reference_transaction=f"installed, after {LISTENER}.pre-gitmig")
    assert not waiting.exists()
    hooks.uninstall(repository)
    assert listener.read_text() == FOREIGN


def test_a_parked_listener_of_an_older_gitmig_is_outdated(repo: Sandbox, parked: tuple[Path, Path]) -> None:
    repository = opened(repo)
    hooks.install(repository)
    parked[1].write_text(parked[1].read_text() + "# older\n")
    assert hooks.status(repository)[-1].state is HookState.OUTDATED
    hooks.install(repository)
    assert hooks.status(repository)[-1].state is HookState.INSTALLED


def test_the_script_hands_on_what_git_gives_on_standard_input() -> None:
    """One list in Python, and one in the shell, before anything of Python is there."""
    script = (Path(__file__).parents[2] / "hooks" / hooks.SCRIPT).read_text()
    (named,) = re.findall(r"case \$name in ([^)]*)\) \[ -t 0 \] \|\| read_input", script)
    assert tuple(named.split(" | ")) == READS_INPUT
