"""The texts of objects stay what they were: ledgers remember fingerprints of them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.address import connect
from gitmig.schema.catalog import read_schema
from tests.schema.catalog.case import TOGETHER
from tests.schema.catalog.laboratory import by_case

if TYPE_CHECKING:
    from tests.schema.catalog.laboratory import Laboratory

# By case, the beginning of a digest of all objects that its second script makes, as PostgreSQL 15 writes them.
# A case that was changed gets its new digest by a run with GITMIG_WRITE_GOLDEN=1.
GOLDEN = Path(__file__).parent / "texts-15.txt"
WRITE = "GITMIG_WRITE_GOLDEN" in os.environ  # read when the module is imported: the variable is gone when a test runs


def digest(url: str, laboratory: Laboratory) -> dict[str, str]:
    """By case, with the words of the scripts in place of what they stand for in this run."""
    with connect(url, "test") as connection:
        schemas = by_case(read_schema(connection))
    found = {}
    for own, schema in schemas.items():
        if own is None or own not in TOGETHER:
            continue
        text = "\n".join(f"{name.kind}\t{name.name}\t{schema.objects[name]}" for name in sorted(schema.objects))
        for word, real in {**laboratory.words, "SELF": own}.items():
            text = text.replace(real, word)
        found[TOGETHER[own].name] = hashlib.sha256(text.encode()).hexdigest()[:8]
    return found


def test_definitions_are_written_as_they_always_were(laboratory: Laboratory, pair: tuple[str, str]) -> None:
    if laboratory.version // 10000 != 15:
        pytest.skip("the file is of PostgreSQL 15")
    found = digest(pair[1], laboratory)
    if WRITE:
        GOLDEN.write_text("".join(f"{value} {name}\n" for name, value in sorted(found.items())), encoding="utf-8")
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    known = {name: value for value, _, name in (line.partition(" ") for line in lines)}
    assert {name: found.get(name) for name in known} == known
