"""Share k districts out among blocks: as many as a free plan has in each, one more or less where that costs least.

How many districts a block can be cut into in range depends on more than its weight, and a free plan has found that out.
So k districts are never worse than a free plan of as many, and one more changes no more than one block.
"""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting.blocks import Block, handed_out, least_breach_of
from quanyu.engines.districting.problem import Problem


def learns_from_a_free_plan(problem: Problem, parts: list[Block]) -> bool:
    """Whether there is something to share out and a free plan to learn from: several blocks, a range with room in it.

    A free plan keeps atoms above the range apart from their blocks, so it would tell nothing of them.
    """
    roomy = problem.k is not None and not problem.is_tight and len(parts) <= problem.k
    return roomy and len(parts) > 1 and int(problem.weights.max()) <= problem.upper


def shares_after(problem: Problem, k: int, parts: list[Block], free: list[int]) -> list[int]:
    """Return how many of k districts each block gets, next to what a free plan has.

    Parameters
    ----------
    free : districts of each block in a free plan, 1 or more
    """
    step = 1 if sum(free) < k else -1

    def price(block: int, share: int) -> tuple[bool, int, float]:
        weight, then = parts[block].weight, share + step
        cannot = then < 1 or then > len(parts[block].atoms)
        more = least_breach_of(problem, weight, then) - least_breach_of(problem, weight, share)
        # Of equals the block whose districts it leaves nearest to the target.
        return cannot, more, abs(weight / max(then, 1) - problem.target)

    return handed_out(free, abs(k - sum(free)), step, price)


def counts_of(parts: list[Block], labels: IntArray) -> list[int]:
    """Return how many districts each block has in a plan."""
    return [len(np.unique(labels[block.atoms])) for block in parts]
