"""GitPython's long-lived `git cat-file`, for repositories of SHA-1 and of SHA-256."""

from __future__ import annotations

import git


class Objects(git.Git):
    """Reads objects by any name git knows. GitPython itself takes no object id that is not of 40 digits for one."""

    def _parse_object_header(self, header_line: str) -> tuple[str, str, int]:
        """Object id, type and size; raises ValueError for git's word on an object that is not there."""
        oid, kind, size = header_line.split()
        return oid, kind, int(size)
