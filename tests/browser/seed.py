"""Fill an empty database with Riverside: its people with passwords, and a plan in force since yesterday."""

from __future__ import annotations

import sys
from datetime import timedelta

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
network = factories.make_network(factories.make_riverside(at=at), at=at)
plan = factories.draw_plan(network, actor=people.planner, at=at)
actions.review(plan, actor=people.reviewer, at=at)
actions.enforce(plan, day=timezone.localdate(at), actor=people.planner, at=at)
tiles.make_missing()
# Compiled once here, so that no visitor waits for it.
queries.locate(factories.LON, factories.LAT, on=timezone.localdate())
