"""Sizes as people write them."""

from __future__ import annotations

UNITS = ("kB", "MB", "GB", "TB")


def as_size(size: int) -> str:
    """Bytes as `512 bytes`, `1.5 MB`, `2 GB`; 1 kB is 1024 bytes, as in PostgreSQL."""
    if size < 1024:
        return f"{size} bytes"
    value = float(size)
    for unit in UNITS:
        value /= 1024
        if value < 1024 or unit == UNITS[-1]:
            break
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"
