"""The law of rows between lineages: whoever wanders through other histories and comes home finds all rows.

GITMIG_LAW_EXAMPLES says how many examples to try; then they are others each time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, assume, given, settings

from tests.law.case import LONG
from tests.law.lineages import journeys, played
from tests.law.tour import difference

if TYPE_CHECKING:
    from tests.law.lineages import Journey
    from tests.law.tour import Databases

EXAMPLES = int(os.environ.get("GITMIG_LAW_EXAMPLES", "8"))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    phases=(Phase.generate,),  # to make an example small takes longer than to understand it
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(journey=journeys())
def test_nobody_loses_a_row_to_another_lineage(databases: Databases, journey: Journey) -> None:
    assume(journey.stops)
    tour = databases.tour()
    home = played(journey.home)[0]
    try:
        tour.sync(home)
        tour.people(journey.rows or "SELECT 1")
        rows = tour.rows()
        for _ in range(2):
            for stop in journey.stops:
                tour.sync(played(stop)[0])
                tour.rows()
            tour.sync(home)
            faults = difference(rows, tour.rows()) + [f"kept for nothing: {one}" for one in tour.stuck()]
            assert not faults, "\n".join([*faults, "-- the story", str(tour)])
    finally:
        databases.drop()
