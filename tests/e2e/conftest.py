"""What a rebuild keeps is dropped."""

from __future__ import annotations

from tests.rebuilding import nothing_is_left

__all__ = ["nothing_is_left"]
