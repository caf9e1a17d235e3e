"""The JSON shapes of docs/json.md. Keys are only ever added."""

from gitmig.cli.shapes.checking import of_finding, of_radar
from gitmig.cli.shapes.history import of_log, of_show
from gitmig.cli.shapes.kept import of_kept, of_kept_rows
from gitmig.cli.shapes.pieces import named
from gitmig.cli.shapes.schemas import of_adopt, of_capture, of_diff, of_verify
from gitmig.cli.shapes.syncing import of_rebuild, of_renumber, of_status, of_sync, of_trust

__all__ = [
    "named",
    "of_adopt",
    "of_capture",
    "of_diff",
    "of_finding",
    "of_kept",
    "of_kept_rows",
    "of_log",
    "of_radar",
    "of_rebuild",
    "of_renumber",
    "of_show",
    "of_status",
    "of_sync",
    "of_trust",
    "of_verify",
]
