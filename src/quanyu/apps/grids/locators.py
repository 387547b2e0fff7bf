"""The index of a fixed plan's grids: built once, kept in a file that all processes of the site share."""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache
from pathlib import Path

import shapely
from django.conf import settings

from quanyu.apps.grids.models import Grid
from quanyu.engines.spatial import Locator
from quanyu.engines.spatial.locating import NoLocator

logger = logging.getLogger(__name__)


@lru_cache(maxsize=16)
def locator_of(plan_id: int) -> tuple[Locator, list[int]]:
    """Return the locator of a fixed plan, and the ids of the grids behind its indices.

    Its file is named by the digest of the outlines, so that a file of other grids is never taken for it.
    """
    rows = list(Grid.objects.filter(plan_id=plan_id).order_by("code").values_list("pk", "wkb"))
    outlines = [bytes(wkb or b"") for _, wkb in rows]
    digest = hashlib.sha256()
    for outline in outlines:
        digest.update(len(outline).to_bytes(8, "big") + outline)
    path = _folder() / f"plan-{plan_id}-{digest.hexdigest()[:32]}.locator"
    try:
        found = Locator.open(path)
    except NoLocator:
        found = Locator(shapely.from_wkb(outlines))
        _keep(found, path, plan_id)
    return found, [pk for pk, _ in rows]


def _folder() -> Path:
    return Path(settings.HOME) / "locators"


def _keep(locator: Locator, path: Path, plan_id: int) -> None:
    """Save a locator and take older files of the plan away; without a place to write, each process builds its own."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        locator.save(path)
        for old in path.parent.glob(f"plan-{plan_id}-*.locator"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError:
        logger.warning("the index of plan %s could not be kept in %s", plan_id, path.parent, exc_info=True)
