"""Every test of this folder may rebuild."""

from __future__ import annotations

import pytest

from tests.rebuilding import ignoring, nothing_is_left, rebuild

__all__ = ["ignoring", "nothing_is_left", "rebuild"]


@pytest.fixture(autouse=True)
def hooks_are_warm(warm: None) -> None:
    """Nearly every test of this folder commits, and so starts a hook."""
