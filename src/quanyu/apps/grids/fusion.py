"""Merging the grids of several departments: their overlay, how far they agree, conflicts of duty, acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import combinations

import numpy as np
import shapely
from django.db import transaction
from django.db.models import Q

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.grids.models import Acceptance, Plan
from quanyu.apps.grids.reading import department_shapes
from quanyu.apps.grids.refusals import NoCommunity, NotFused
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.fabric import current_fabric, read_fabric
from quanyu.apps.territory.models import DepartmentNetwork, Division, Fabric, Place, ServiceItem
from quanyu.engines.arrays import GeometryArray, IntArray
from quanyu.engines.spatial import Locator, project_areas, unproject
from quanyu.engines.spatial.overlaying import (
    Agreement,
    Crosswalk,
    Doubled,
    LeftOut,
    Overlay,
    Pieces,
    agreement,
    crosswalk,
    drawn_twice,
    overlay,
    shared_borders,
)

# Two surveys of one border differ by so much.
TOLERANCE_M = 0.5
# Overlays kept in memory, by what they were made of.
KEPT = 4


@dataclass(frozen=True)
class Fused:
    """The overlay of a territory's departments' grids, in metres; its last layer are the communities.

    Attributes
    ----------
    networks : the departments' networks, in the order of their layers
    codes : for each, the codes of its grids
    communities : divisions that grids lie in, in the order of the last layer
    """

    networks: tuple[DepartmentNetwork, ...]
    codes: tuple[tuple[str, ...], ...]
    communities: tuple[Division, ...]
    cut: Overlay
    projection: str

    @property
    def pieces(self) -> Pieces:
        return self.cut.pieces

    def agreements(self) -> list[tuple[DepartmentNetwork, DepartmentNetwork, Agreement]]:
        """Return how far each pair of departments agrees, by households."""
        every = range(len(self.networks))
        return [(self.networks[a], self.networks[b], agreement(self.pieces, a, b)) for a, b in combinations(every, 2)]

    def crosswalk(self, one: int, other: int) -> Crosswalk:
        """Return how the grids of one department go over into another's."""
        return crosswalk(self.pieces, one, other)

    def left_out(self) -> list[tuple[tuple[DepartmentNetwork, ...], LeftOut]]:
        """Return the communities' ground that departments leave out, each place once, with who does."""
        places = self.cut.left_out(len(self.networks))
        return [(tuple(self.networks[layer] for layer in each.layers), each) for each in places]

    def doubled(self) -> list[tuple[DepartmentNetwork, tuple[str, ...], Doubled]]:
        """Return the ground that several grids of a department claim, with its codes."""
        return [
            (self.networks[each.layer], tuple(self.codes[each.layer][row] for row in each.polygons), each)
            for each in self.cut.doubled()
            if each.layer < len(self.networks)
        ]

    def drawn_twice(self) -> IntArray:
        """Return the pieces of departments' grids that look like a border drawn twice."""
        return drawn_twice(self.pieces)

    def shared(self) -> dict[int, bool]:
        """Return, by the key of each community, whether all departments part its ground alike."""
        if len(self.networks) < 2:
            return {}
        same = shared_borders(self.pieces, list(range(len(self.networks))), len(self.networks))
        return dict(zip((each.pk for each in self.communities), same.tolist(), strict=False))

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the overlay in degrees."""
        point = unproject(np.array([shapely.Point(x, y)], dtype=object), self.projection)[0]
        return point.x, point.y


def fused(territory: Division) -> Fused:
    """Return the overlay of the departments' grids of a territory; kept until a network or the ground is loaded anew.

    Raises
    ------
    NoFabric
        The territory has no buildings.
    """
    # Grids, households and ground change by loads only.
    last_load = Load.objects.filter(status=Load.Status.APPLIED).order_by("-pk").values_list("pk", flat=True).first()
    return _fused(current_fabric(territory).pk, last_load)


@lru_cache(maxsize=KEPT)
def _fused(fabric_id: int, _last_load: int | None) -> Fused:
    fabric = Fabric.objects.select_related("territory").get(pk=fabric_id)
    chosen = tuple(DepartmentNetwork.objects.filter(territory=fabric.territory_id).order_by("pk"))
    arrays = read_fabric(fabric)
    communities = tuple(Division.objects.filter(pk__in=np.unique(arrays.community).tolist()).order_by("code"))
    layers = [department_shapes(network, fabric.projection) for network in chosen]
    layers.append(_grounds(communities, fabric))
    cut = overlay(layers, tolerance_m=TOLERANCE_M, places=arrays.xy, households=_households(fabric))
    codes = tuple(tuple(network.grids.order_by("pk").values_list("code", flat=True)) for network in chosen)
    return Fused(chosen, codes, communities, cut, fabric.projection)


def _households(fabric: Fabric) -> IntArray:
    """Return the households of each place of a fabric, 0 where they are unknown."""
    known = dict(Place.objects.filter(territory=fabric.territory_id).values_list("pk", "households"))
    return np.array([known[pk] or 0 for pk in read_fabric(fabric).place_ids.tolist()], dtype=np.int64)


def _grounds(communities: tuple[Division, ...], fabric: Fabric) -> GeometryArray:
    """Return the ground of each community; a territory without a border is a box around its buildings."""
    if all(each.geometry is not None for each in communities):
        shapes = np.array([each.geometry for each in communities], dtype=object)
        return project_areas(shapes, fabric.projection)
    xy = read_fabric(fabric).xy
    return np.array([shapely.box(*xy.min(axis=0) - TOLERANCE_M, *xy.max(axis=0) + TOLERANCE_M)], dtype=object)


def conflicts(territory: Division) -> tuple[list[ServiceItem], list[ServiceItem]]:
    """Return the items that several departments claim, and those that nobody does."""
    items = list(ServiceItem.objects.filter(territory=territory))
    return [item for item in items if len(item.departments) > 1], [item for item in items if not item.departments]


@transaction.atomic
def accept(plan: Plan, community: Division, *, actor: User | None, at: datetime) -> Acceptance:
    """Note that a community takes a plan's grids in place of its departments' own; a second time changes nothing.

    Raises
    ------
    NotFused
        The plan was not drawn to merge departments' grids.
    NoCommunity
        The plan has no grid there.
    """
    require(actor, "grids.accept")
    if not plan.norms.get("departments"):
        raise NotFused(plan=str(plan))
    if not plan.grids.filter(division=community).exists():
        raise NoCommunity(plan=str(plan), value=community.name)
    made, is_new = Acceptance.objects.get_or_create(
        plan=plan, community=community, defaults={"made_by": actor, "made_at": at}
    )
    if is_new:
        trail.record(actor, "plan.accepted", made, at=at, after={"plan": plan.pk, "community": community.code})
    return made


@transaction.atomic
def withdraw(plan: Plan, community: Division, *, actor: User | None, at: datetime) -> None:
    """Take a community's word back; without one nothing changes."""
    require(actor, "grids.accept")
    for each in Acceptance.objects.select_for_update().filter(plan=plan, community=community):
        trail.record(actor, "plan.acceptance_withdrawn", each, at=at, before={"community": community.code})
        each.delete()


@dataclass(frozen=True)
class Progress:
    """How many communities serve all departments' work in one set of grids, of how many."""

    fused: int
    communities: int


def fusion_dates(territory: Division, *, on: date) -> dict[int, date]:
    """Return, by the key of each community that has merged its grids, the day it did so.

    A community has merged once it accepted a plan and the plan rules: that day is the later of the two. A plan that
    follows carries on what was merged, where it is drawn from the same departments or from none.
    """
    result: dict[int, date] = {}
    ruled = Q(plan__in_force_from__lte=on)
    accepted = Acceptance.objects.filter(ruled, plan__network__territory=territory).select_related("plan")
    for each in accepted.order_by("plan__in_force_from", "made_at"):
        begun = each.plan.in_force_from
        if begun is not None:
            result.setdefault(each.community_id, max(begun, each.made_at.date()))
    return result


def progress(territory: Division, *, on: date) -> Progress:
    """Return the figure “communities whose networks share one boundary, of all communities” on a day.

    A community counts when it has merged its grids by then, or when its departments' own grids part it alike.
    """
    made = fused(territory)
    merged = fusion_dates(territory, on=on)
    alike = made.shared()
    done = [each for each in made.communities if each.pk in merged or alike.get(each.pk, False)]
    return Progress(len(done), len(made.communities))


def households_moved(made: Fused, plan: Plan) -> list[tuple[DepartmentNetwork, int, int]]:
    """Return, for each department, the households that change from its grid to the plan's, and of how many.

    Each of the plan's grids stands for the department's grid with which it shares most households, one to one; the
    households outside these pairs move.
    """
    shapes = project_areas(
        shapely.from_wkb(
            np.array([bytes(wkb or b"") for wkb in plan.grids.values_list("wkb", flat=True)], dtype=object)
        ),
        made.projection,
    )
    locator = Locator(shapes)
    fabric = current_fabric(plan.network.territory)
    arrays, counts = read_fabric(fabric), _households(fabric)
    now = locator.locate(arrays.xy[:, 0], arrays.xy[:, 1])
    result = []
    for layer, network in enumerate(made.networks):
        own = Locator(made.cut.layers[layer]).locate(arrays.xy[:, 0], arrays.xy[:, 1])
        both = Pieces(np.column_stack([own, now]), np.zeros(len(now)), counts)
        found = agreement(both, 0, 1)
        held = int(counts[(own >= 0) & (now >= 0)].sum())
        result.append((network, round((1 - found.matched) * held), held))
    return result
