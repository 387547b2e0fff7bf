"""Why an act on plans and grids is refused."""

from __future__ import annotations

from typing import Any

from quanyu.errors import BrokenRule, Conflict, InvalidInput, NotPermitted, QuanyuError


def as_stored(error: QuanyuError) -> dict[str, Any]:
    """Return an error with what it takes to say it in the language of whoever reads it later."""
    return error.as_dict() | {"template": error.template, "params": {k: str(v) for k, v in error.params.items()}}


# Networks


class BadNetworkCode(InvalidInput):
    """A network's code stands in addresses."""

    code = "bad_network_code"
    template = "%(value)s cannot name a network: use 1 to 30 lower-case letters, digits and hyphens."


class NetworkTaken(Conflict):
    """A code names one network."""

    code = "network_taken"
    template = "There is a network %(value)s already. Choose another code."


# Runs


class RunPending(Conflict):
    """One run of a network at a time."""

    code = "run_pending"
    template = "A run of %(network)s is waiting or running. Wait for it, or cancel it first."


class RunEnded(Conflict):
    """What has ended cannot be cancelled."""

    code = "run_ended"
    template = "%(run)s has ended: there is nothing to cancel."


class NotRestartable(Conflict):
    """Only a run that failed or was cancelled starts again."""

    code = "not_restartable"
    template = "%(run)s is waiting, running or done; only a failed or cancelled run starts again."


class ImpossibleCount(InvalidInput):
    """The norms ask for fewer grids than there are pieces of ground, or for more than there are homes."""

    code = "impossible_count"
    template = (
        "%(grids)s basic grids cannot be: borders and barriers part the inhabited ground into %(least)s pieces, "
        "with %(most)s inhabited buildings. Ask for %(least)s to %(most)s grids, or for no number."
    )


# Comparisons


class NothingToMove(Conflict):
    """Fewer households moved are asked for where no plan is in force."""

    code = "nothing_to_move"
    template = "No plan is in force, so no household can move. Put a plan in force first, or compare numbers of grids."


class BadSides(InvalidInput):
    """Too many drawings, or none, are asked for in one comparison."""

    code = "bad_sides"
    template = "%(value)s grids less and more cannot be compared at once. Give a number from 1 to %(most)s."


# Plans


class OwnWork(NotPermitted):
    """Who drew or edited a plan does not review it."""

    code = "own_work"
    template = "%(plan)s was drawn or edited by you; another person reviews it."


class NoRemark(InvalidInput):
    """A plan is sent back without a word, or with too many."""

    code = "no_remark"
    template = "What is to be changed has %(length)s characters. Say it in 1 to %(most)s."


class PastDay(Conflict):
    """A plan takes force today or later."""

    code = "past_day"
    template = "%(day)s is past. A plan takes force today (%(today)s) or later."


class DayTaken(Conflict):
    """The present plan rules that day."""

    code = "day_taken"
    template = "%(plan)s takes force on %(from)s. Choose a later day."


class StalePlan(Conflict):
    """The plan was drawn against another plan than the one in force."""

    code = "stale_plan"
    template = (
        "%(plan)s was drawn against %(drawn_against)s, but %(in_force)s is in force. Draw it again, "
        "so that its codes and its impact are counted against the grids of today."
    )


class OldFabric(Conflict):
    """The territory was loaded anew since the plan was drawn."""

    code = "old_fabric"
    template = "The buildings of %(territory)s were loaded anew after %(plan)s was drawn. Draw the plan again."


class Fixed(Conflict):
    """The plan is or was in force."""

    code = "plan_is_fixed"
    template = "%(plan)s is or was in force and cannot be changed. Draw a new plan."


# Staffing


class UnknownCode(Conflict):
    """No plan of the network has such a grid."""

    code = "unknown_grid_code"
    template = "%(network)s has no grid %(value)s. Check the code."


# Hand edits


class NothingToUndo(Conflict):
    """No edit stands."""

    code = "nothing_to_undo"
    template = "%(plan)s has no edit to take back."


class NotBeside(BrokenRule):
    """The place does not touch the grid."""

    code = "not_beside"
    template = "The place does not touch grid %(to)s. Choose a grid that lies beside it."


class OverBarrier(BrokenRule):
    """A barrier lies between."""

    code = "over_barrier"
    template = "A barrier lies between the place and grid %(to)s. Choose a grid on this side, or allow crossings."


class OverBorder(BrokenRule):
    """The grid belongs to another village or community."""

    code = "over_border"
    template = "Grid %(to)s lies in another village or community: no grid crosses that border."


class PartsGrid(BrokenRule):
    """The grid would fall apart."""

    code = "parts_grid"
    template = "Without the place, grid %(from)s would fall into pieces. Move the places beyond it first."


class EmptiesGrid(BrokenRule):
    """Nothing, or nobody, would be left."""

    code = "empties_grid"
    template = "Without the place, grid %(from)s would be left without households. Draw the plan again to have fewer."


class NotExclusive(BrokenRule):
    """An exclusive grid takes one kind of place."""

    code = "not_exclusive"
    template = "Grid %(to)s is an exclusive grid for places of another kind."


class BelowSite(BrokenRule):
    """An exclusive grid would fall below the size from which there is one."""

    code = "below_site"
    template = "Without the place, the exclusive grid %(from)s would be smaller than the %(minimum)s m² of the norm."


class LosesCode(BrokenRule):
    """The grid would lose the right to its code."""

    code = "loses_code"
    template = (
        "Grid %(from)s keeps the code of a grid in force and would have no more than half of its households left: "
        "a code is not given to another extent."
    )


# Fusion


class NotFused(Conflict):
    """A plan that was not drawn to merge departments' grids is accepted by no community."""

    code = "not_fused"
    template = "%(plan)s was not drawn from departments' grids. Draw a proposal on the page of their fusion."


class NoCommunity(InvalidInput):
    """A community accepts a plan that has no grid there."""

    code = "no_community"
    template = "%(plan)s has no grid in %(value)s. Choose a community of the plan's territory."
