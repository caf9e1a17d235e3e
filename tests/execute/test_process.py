"""Programs as processes: whatever they do, gitmig goes on, and nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from gitmig.execute import process
from gitmig.execute.process import Ended, Watch, run_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(script: str, folder: Path, *, timeout: int = 60, look: Callable[[], None] = lambda: None) -> Ended:
    """Run a shell script; what it says is in the tail."""
    return run_program(
        ("sh", "-c", script),
        folder=folder,
        environment={"PATH": os.environ["PATH"]},
        watch=Watch(tell=lambda line: None, look=look, timeout=timeout),
    )


def test_one_that_left_a_chatty_process_behind_has_ended(tmp_path: Path) -> None:
    """Who inherited its pipes, in a session of its own, may write for ever."""
    started = "setsid sh -c 'echo $$ > pid; while :; do echo x; done' >&2 & while [ ! -s pid ]; do sleep 0.01; done"
    try:
        assert run(f"{started}; echo done", tmp_path, timeout=30).status == 0
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_too_much_output_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_OUTPUT", 1 << 20)
    ended = run("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", tmp_path)
    assert ended.out is None


def test_what_has_no_line_ends_is_told_in_pieces(tmp_path: Path) -> None:
    ended = run("head -c 300000 /dev/zero | tr '\\0' x >&2", tmp_path)
    assert (sum(map(len, ended.said)), len(ended.said) > 1) == (300000, True)


def test_it_may_close_its_output_and_go_on(tmp_path: Path) -> None:
    assert run("exec >&- 2>&-; sleep 0.2; touch done", tmp_path).status == 0
    assert (tmp_path / "done").exists()


def test_it_is_gone_after_a_second_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one comes while it runs, the second while it is waited for; it does not care to be asked to end."""
    file = tmp_path / "pid"

    def look() -> None:
        if file.exists() and file.read_text().strip():
            raise KeyboardInterrupt

    def interrupted(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        monkeypatch.setattr(subprocess.Popen, "wait", wait)
        raise KeyboardInterrupt

    wait = subprocess.Popen.wait
    monkeypatch.setattr(process, "LOOK", 0)
    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done", tmp_path, look=look)
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)
