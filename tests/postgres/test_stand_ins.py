"""Where stand-ins for extensions lie, and where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.postgres import stand_ins

if TYPE_CHECKING:
    from pathlib import Path


def test_they_are_written_where_the_server_is_told_to_look(tmp_path: Path) -> None:
    for _ in range(2):  # at each start
        assert stand_ins.settings(tmp_path, 18) == [f"extension_control_path=$system:{tmp_path}/gitmig"]
    written = sorted(path.name for path in (tmp_path / "gitmig/extension").iterdir())
    assert written == ["pgcrypto--gitmig.sql", "pgcrypto.control", "uuid-ossp--gitmig.sql", "uuid-ossp.control"]
    for name, helper in (("pgcrypto", "gitmig_pgcrypto_sha1"), ("uuid-ossp", "gitmig_uuid_ossp_sha1")):
        text = (tmp_path / f"gitmig/extension/{name}--gitmig.sql").read_text()
        assert text.count(f"CREATE FUNCTION {helper}(") == 1, "two in one schema do not meet"
        assert "gitmig_sha1" not in text


@pytest.mark.parametrize(("folder", "version"), [("plain", 17), ("a:b", 18)])
def test_there_are_none_where_the_server_could_not_find_them(tmp_path: Path, folder: str, version: int) -> None:
    (tmp_path / folder).mkdir()
    assert stand_ins.settings(tmp_path / folder, version) == []
    assert list((tmp_path / folder).iterdir()) == []
