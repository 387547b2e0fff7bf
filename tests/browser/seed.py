"""Fill an empty database with Riverside: its people with passwords, and a plan in force since yesterday."""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from tests import factories  # noqa: E402

from quanyu.apps.grids import actions, queries  # noqa: E402
from quanyu.apps.territory import tiles  # noqa: E402

call_command("migrate", verbosity=0, interactive=False)
people = factories.make_people(password=sys.argv[1])
at = timezone.now() - timedelta(days=1)
territory = factories.make_riverside(at=at)
network = factories.make_network(territory, at=at)
with tempfile.TemporaryDirectory() as folder:
    for code, split in (("police", 200.0), ("street", 300.0)):
        factories.take_in(territory, Path(folder), code, factories.quarters(360.0, split), at=at)
plan = factories.draw_plan(network, actor=people.planner, at=at)
actions.review(plan, actor=people.reviewer, at=at)
actions.enforce(plan, day=timezone.localdate(at), actor=people.planner, at=at)
tiles.make_missing()
# Compiled once here, so that no visitor waits for it.
queries.locate(factories.LON, factories.LAT, on=timezone.localdate())
