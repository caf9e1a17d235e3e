"""Projects whose database is the test's own."""

from __future__ import annotations

from tests.execute.conftest import repo

__all__ = ["repo"]
