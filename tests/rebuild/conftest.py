"""Every test of this folder may rebuild."""

from __future__ import annotations

from tests.rebuilding import ignoring, nothing_is_left, rebuild

__all__ = ["ignoring", "nothing_is_left", "rebuild"]
