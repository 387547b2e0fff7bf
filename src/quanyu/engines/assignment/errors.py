"""What the assignment engine refuses."""

from __future__ import annotations

from quanyu.errors import InvalidInput


class RepeatedPair(InvalidInput):
    """A task and an agent, or an applicant and a post, are paired twice."""

    code = "repeated_pair"
    template = "%(name)s has row %(row)s with column %(column)s twice. Keep one of them."


class CostsTooLarge(InvalidInput):
    """Costs are so large that sums of them would no longer be exact."""

    code = "costs_too_large"
    template = (
        "%(tasks)s tasks at a price of %(value)s each for leaving one out come to more than %(most)s. "
        "Give costs in a coarser unit, or a lower price."
    )
