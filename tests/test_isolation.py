"""Forgetting the isolation fails loudly."""

from __future__ import annotations

import os
import subprocess


def test_no_setting_of_the_machine_reaches_a_test() -> None:
    leaked = [name for name in os.environ if name.startswith(("PG", "GITMIG_")) or name == "DATABASE_URL"]
    assert leaked == []
    listing = subprocess.run(
        ["git", "config", "--list", "--show-scope"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert listing.stdout == ""
