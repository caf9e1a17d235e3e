"""Findings as SARIF: what the schema requires, and what a viewer shows."""

from __future__ import annotations

import json

from msgspec.structs import replace

from gitmig import __version__
from gitmig.check.rules import RULES
from gitmig.cli.explanation import as_sarif, as_text
from gitmig.cli.formats import render
from tests.cli.formats.samples import EMPTY, REPORT


def test_the_whole_document() -> None:
    assert json.loads(render("sarif", REPORT)) == {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gitmig",
                        "version": __version__,
                        "rules": [as_sarif(RULES[code]) for code in ("GM201", "GM301", "GM401")],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "GM201",
                        "ruleIndex": 0,
                        "level": "error",
                        "message": {
                            "text": "0003_index uses column public.comments.contents, which 0002_body renames to "
                            "body\nhint: use the new name"
                        },
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {
                                        "uri": "db/my%20migrations/0003_index.sql",
                                        "uriBaseId": "%SRCROOT%",
                                    },
                                    "region": {"startLine": 2},
                                }
                            }
                        ],
                        "properties": {
                            "migrations": ["0003_index", "0002_body"],
                            "objects": ["column public.comments.contents"],
                        },
                    },
                    {
                        "ruleId": "GM401",
                        "ruleIndex": 2,
                        "level": "warning",
                        "message": {"text": "0004_fill has no down | at all\nhint: write one, or say 100%: never"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {
                                        "uri": "db/my%20migrations/0004_fill.sql",
                                        "uriBaseId": "%SRCROOT%",
                                    }
                                }
                            }
                        ],
                        "properties": {"migrations": ["0004_fill"]},
                    },
                    {
                        "ruleId": "GM301",
                        "ruleIndex": 1,
                        "level": "note",
                        "message": {"text": "both sides touch table public.comments\nhint: look at both"},
                        "locations": [],
                        "properties": {"doubt": "a DO block cannot be seen into"},
                    },
                ],
            }
        ],
    }


def test_a_rule_brings_its_help_along() -> None:
    assert as_sarif(RULES["GM401"]) == {
        "id": "GM401",
        "shortDescription": {
            "text": "A script runs SQL that is put together when it runs, catches errors, or is in another language."
        },
        "fullDescription": {
            "text": "A script runs SQL that is put together when it runs, catches errors, or is in another language."
            "\n\nThe answer holds for the rest of it. There is one note for each migration, with the first place."
        },
        "help": {
            "text": as_text(RULES["GM401"]),
            "markdown": """\
A script runs SQL that is put together when it runs, catches errors, or is in another language.

The answer holds for the rest of it. There is one note for each migration, with the first place.

What to do: `gitmig check --prove` runs both orders and looks.

If a proof runs every order and all give one schema, it goes.

Found:

```sql
-- ours
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || current_setting('a.b') || ' ADD c int'; END $$;
-- theirs
CREATE TABLE likes (id int);
```

Fine:

```sql
-- ours
DO $$ BEGIN EXECUTE 'ALTER TABLE comments ADD c int'; END $$;
-- theirs
CREATE TABLE likes (id int);
```""",
        },
        "defaultConfiguration": {"level": "note"},
    }


def test_a_run_without_results_says_that_there_are_none() -> None:
    (run,) = json.loads(render("sarif", EMPTY))["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_a_path_that_is_no_utf8_is_written_byte_by_byte() -> None:
    finding = replace(REPORT.findings[0], path="migrations/\udcff.sql")
    (run,) = json.loads(render("sarif", replace(REPORT, findings=(finding,))))["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "migrations/%FF.sql"
