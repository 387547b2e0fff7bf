"""Hand edits of a draft: move a place, or one part of a divided building, to a neighbouring grid, and take it back.

A move keeps the rules that planning keeps: borders, barriers (with the crossings the norms allow), grids that hang
together, exclusive grids, codes. Only the range of households may be broken by hand; the grid then says so. Divided
buildings move part by part: all of one is more than a grid may hold, which is why it was divided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.grids.board import Board, board, labels_of
from quanyu.apps.grids.figures import grid_figures, pieces_of, plan_figures, set_figures
from quanyu.apps.grids.models import Edit, Grid, Membership, Plan
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.refusals import (
    BelowSite,
    EmptiesGrid,
    Fixed,
    LosesCode,
    NotBeside,
    NotExclusive,
    NothingToUndo,
    OverBarrier,
    OverBorder,
    PartsGrid,
)
from quanyu.apps.grids.writing import derived_figures, set_shape, shapes_of
from quanyu.apps.territory.models import Place
from quanyu.engines.arrays import IntArray
from quanyu.errors import BrokenRule, NotFound

SHAPE_FIELDS = ["wkb", "west", "south", "east", "north", "label_lon", "label_lat"]
FIGURE_FIELDS = ["households", "places", "area_m2", "perimeter_m", "compactness", "kind", "in_range", "reasons"]


@dataclass(frozen=True)
class MoveCheck:
    """What a move would do: the grids' households after it, whether they keep the range, and why it is refused ('')."""

    to_code: str
    from_code: str
    part: int
    parts: int
    households: int
    source_households: int
    target_households: int
    source_in_range: bool
    target_in_range: bool
    refusal: str


@dataclass(frozen=True)
class _Position:
    """A plan as it lies on its board."""

    plan: Plan
    norms: Norms
    board: Board
    labels: IntArray
    grids: list[Grid]

    @classmethod
    def of(cls, plan: Plan) -> _Position:
        ground = board(plan)
        return cls(plan, Norms.from_dict(plan.norms), ground, *labels_of(plan, ground))


def place_at(plan: Plan, lon: float, lat: float) -> Place | None:
    """Return the place whose cell holds a point (degrees, WGS 84), ``None`` on ground that belongs to none."""
    ground = board(plan)
    atom = ground.atom_at(lon, lat)
    return None if atom is None else Place.objects.get(pk=int(ground.place_ids[atom]))


def possible_moves(plan: Plan, place: Place) -> list[MoveCheck]:
    """Return every neighbouring grid a place, or each part of it, could go to, with what the move would do."""
    position = _Position.of(plan)
    moves = []
    for atom in np.flatnonzero(position.board.place_ids == place.pk).tolist():
        beside = np.unique(position.labels[position.board.neighbours(atom)[0]])
        for to in sorted(beside[beside != position.labels[atom]].tolist(), key=lambda i: position.grids[i].code):
            moves.append(_move_check(position, atom, to))
    return moves


def history(plan: Plan) -> QuerySet[Edit]:
    """Return a plan's edits, the last one first; those taken back have ``undone_at``."""
    return plan.edits.select_related("place", "made_by", "undone_by").order_by("-number")


@transaction.atomic
def move_place(plan: Plan, place: Place, *, to: str, actor: User | None, at: datetime, part: int = 1) -> Edit:
    """Move a place (one part of a divided building) to the neighbouring grid with code ``to``.

    A reviewed plan becomes a draft again.

    Raises
    ------
    BrokenRule
        One of its kinds, naming the rule the move would break.
    Fixed
        The plan is or was in force.
    NotFound
        The plan has no such place, part or grid.
    """
    require(actor, "grids.edit")
    plan = _locked(plan)
    position = _Position.of(plan)
    atom = position.board.index.get((place.pk, part))
    target = next((index for index, grid in enumerate(position.grids) if grid.code == to), None)
    if atom is None or target is None:
        what, mend = _("place or grid in the plan"), _("Reload the plan.")
        raise NotFound(what=what, key=f"{place.key}/{part} → {to}", mend=mend)
    for broken in _broken_rules(position, atom, target):
        raise broken
    source = position.grids[int(position.labels[atom])]
    edit = Edit.objects.create(
        plan=plan, number=(plan.edits.aggregate(last=Max("number"))["last"] or 0) + 1, place=place, part=part,
        from_code=source.code, to_code=to, made_by=actor, made_at=at,
        reasons_before={source.code: source.reasons, to: position.grids[target].reasons},
    )  # fmt: skip
    _put(position, atom, target)
    for grid in (source, position.grids[target]):
        grid.reasons = [] if grid.in_range else [_by_hand(grid, position.norms, edit)]
    _save(position, [int(target), position.grids.index(source)])
    _record(actor, "plan.edited", edit, source.code, to, at=at)
    return edit


@transaction.atomic
def undo(plan: Plan, *, actor: User | None, at: datetime) -> Edit:
    """Take the last edit back that still stands; the plan is then what it was before it.

    Raises
    ------
    NothingToUndo
        No edit stands.
    """
    require(actor, "grids.edit")
    plan = _locked(plan)
    edit = plan.edits.filter(undone_at__isnull=True).order_by("-number").first()
    if edit is None:
        raise NothingToUndo(plan=str(plan))
    position = _Position.of(plan)
    by_code = {grid.code: index for index, grid in enumerate(position.grids)}
    _put(position, position.board.index[edit.place_id, edit.part], by_code[edit.from_code])
    for code, reasons in edit.reasons_before.items():
        position.grids[by_code[code]].reasons = reasons
    _save(position, [by_code[edit.from_code], by_code[edit.to_code]])
    edit.undone_by, edit.undone_at = actor, at
    edit.save(update_fields=["undone_by", "undone_at"])
    _record(actor, "plan.edit_undone", edit, edit.to_code, edit.from_code, at=at)
    return edit


def _record(actor: User | None, verb: str, edit: Edit, before: str, after: str, *, at: datetime) -> None:
    moved = {"edit": edit.number, "place": edit.place.key, "part": edit.part}
    trail.record(actor, verb, edit.plan, at=at, before={**moved, "grid": before}, after={**moved, "grid": after})


def _locked(plan: Plan) -> Plan:
    locked = Plan.objects.select_for_update(of=("self",)).select_related("network", "fabric__territory", "based_on")
    plan = locked.get(pk=plan.pk)
    if plan.is_fixed:
        raise Fixed(plan=str(plan))
    return plan


def _move_check(position: _Position, atom: int, to: int) -> MoveCheck:
    norms, moved = position.norms, int(position.board.atoms.households[atom])
    source, target = position.grids[int(position.labels[atom])], position.grids[to]
    error = next(_broken_rules(position, atom, to), None)
    return MoveCheck(
        to_code=target.code, from_code=source.code, part=int(position.board.atoms.part[atom]),
        parts=int(position.board.atoms.parts[atom]), households=moved,
        source_households=source.households - moved, target_households=target.households + moved,
        source_in_range=_keeps_range(source, source.households - moved, norms),
        target_in_range=_keeps_range(target, target.households + moved, norms),
        refusal="" if error is None else _(error.template) % error.params,
    )  # fmt: skip


def _keeps_range(grid: Grid, households: int, norms: Norms) -> bool:
    return grid.kind == Grid.Kind.EXCLUSIVE or households == 0 or norms.lower <= households <= norms.upper


def _broken_rules(position: _Position, atom: int, to: int) -> Iterator[BrokenRule]:
    """Give each rule that moving an atom to a grid would break, the plainest first."""
    ground, labels = position.board, position.labels
    source, target = position.grids[int(labels[atom])], position.grids[to]
    codes = {"from": source.code, "to": target.code}
    beside, barred = ground.neighbours(atom)
    touching = labels[beside] == to
    if not touching.any() or target is source:
        yield NotBeside(**codes)
        return
    if source.division_id != target.division_id:
        yield OverBorder(**codes)
    if barred[touching].all():
        yield OverBarrier(**codes)
    yield from _broken_kinds(position, atom, source, target, codes)
    rest = np.flatnonzero(labels == labels[atom])
    left = rest[rest != atom]
    inhabited = source.kind == Grid.Kind.BASIC and source.households == ground.atoms.households[atom]
    if len(left) == 0 or (inhabited and source.households > 0):
        yield EmptiesGrid(**codes)
    elif pieces_of(ground.atoms, left) > pieces_of(ground.atoms, rest):
        yield PartsGrid(**codes)
    row = ground.old_codes.get(source.code)
    if row is not None and 2 * ground.held[[row]][:, left].sum() <= ground.sizes[row] * (1 + 1e-9):
        yield LosesCode(**codes)


def _broken_kinds(
    position: _Position, atom: int, source: Grid, target: Grid, codes: dict[str, str]
) -> Iterator[BrokenRule]:
    """Give the rules of exclusive grids that a move would break."""
    ground = position.board
    if target.kind == Grid.Kind.EXCLUSIVE and ground.kinds[atom] != target.place_kind:
        yield NotExclusive(**codes)
    if source.kind == Grid.Kind.EXCLUSIVE:
        left = position.labels == position.labels[atom]
        left[atom] = False
        left &= ground.kinds == source.place_kind
        if ground.footprint_m2[left].sum() < position.norms.exclusive_min_m2:
            yield BelowSite(**codes, minimum=round(position.norms.exclusive_min_m2))


def _by_hand(grid: Grid, norms: Norms, edit: Edit) -> dict[str, Any]:
    by = max(norms.lower - grid.households, grid.households - norms.upper)
    return {"rule": "by_hand", "by": by, "proven": False, "mends": [["undo", edit.number]]}


def _put(position: _Position, atom: int, to: int) -> None:
    """Move an atom and recount both grids, as planning would have counted them."""
    ground, labels = position.board, position.labels
    touched = [int(labels[atom]), to]
    labels[atom] = to
    member = {"place_id": int(ground.place_ids[atom]), "part": int(ground.atoms.part[atom])}
    Membership.objects.filter(grid__plan=position.plan, **member).update(grid=position.grids[to])
    figures = grid_figures(ground.atoms, labels)
    for index in touched:
        grid = position.grids[index]
        set_figures(grid, index, figures, position.norms)
        mine = labels == index
        cells = ground.atoms.cells[mine]
        set_shape(grid, shapes_of(cells, np.zeros(len(cells), dtype=np.int64), ground.projection)[0])


def _save(position: _Position, touched: list[int]) -> None:
    """Write the touched grids, the plan's figures, and take a review back."""
    plan, ground = position.plan, position.board
    Grid.objects.bulk_update([position.grids[index] for index in touched], [*FIGURE_FIELDS, *SHAPE_FIELDS])
    figures = plan_figures(ground.atoms, position.labels, ground.community, position.grids, position.norms)
    plan.metrics = plan.metrics | figures
    plan.metrics |= derived_figures(plan, plan.metrics)
    plan.status, plan.reviewed_by, plan.reviewed_at = Plan.Status.DRAFT, None, None
    plan.save(update_fields=["metrics", "status", "reviewed_by", "reviewed_at"])
