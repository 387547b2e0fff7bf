"""What the engine answers."""

from __future__ import annotations

from dataclasses import dataclass

from quanyu.engines.arrays import FloatArray, IntArray

# What an `Unassigned` and an `Unmatched` may say, as their texts explain.
REASONS = ("no_candidate", "too_heavy", "full", "too_dear")
UNMATCHED = ("no_wish", "no_place", "outranked", "lottery", "for_the_total")


@dataclass(frozen=True)
class Unassigned:
    """A task that nobody has, and what would mend it.

    ``reason``: ``no_candidate`` (nobody may take it), ``too_heavy`` (its load is above the capacity of every
    candidate), ``full`` (no candidate has room for it), ``too_dear`` (there is room, but it would cost more than the
    price of leaving it out). Capacity of any of ``agents`` would help, ``missing`` at the least. Where places are
    counted and the reason is ``full``, these are all agents that hold a task which the others could pass on to.
    """

    task: int
    reason: str
    agents: tuple[int, ...]
    missing: int


@dataclass(frozen=True)
class Assignment:
    """Who takes each task: ``agent`` (n,), −1 for nobody, and ``used`` (m,), the load of each agent.

    ``changed`` tasks have another agent than today; one left out is none of them, but costs a change all the same.
    ``objective`` is ``cost`` (without what changes cost) and the prices of changes and of tasks left out; no
    assignment has less than ``bound``, which ``prices`` prove: of places (m,) where they are counted, of tasks (n,) in
    parts of 1 / ``scale`` otherwise, with ``fewest_out``. ``is_optimal`` says that bound and objective meet, or that
    HiGHS searched to its end all that the bound leaves open. No assignment leaves out fewer than ``fewest_out`` tasks:
    that is proven by sums of loads, or by HiGHS where it proves more.

    ``gap`` is how far the objective may lie above the least, as a share of what is beside the default price of tasks
    left out; ``None`` where the price is the default and it is not proven that no more tasks can be served.
    """

    agent: IntArray
    used: IntArray
    cost: int
    changed: int
    objective: int
    bound: int
    gap: float | None
    is_optimal: bool
    unassigned: tuple[Unassigned, ...]
    fewest_out: int
    prices: IntArray
    scale: int
    steps: int
    seconds: float
    stopped: str


@dataclass(frozen=True)
class Progress:
    """The best so far."""

    fraction: float
    steps: int
    objective: int
    bound: int


@dataclass(frozen=True)
class Unmatched:
    """An applicant without a post.

    ``reason``: ``no_wish`` (wishes for no post), ``no_place`` (only for posts that take nobody), ``outranked`` (at
    every post wished for, all who are taken have more points), ``lottery`` (at one at least, the last taken has as
    many, and the lot decided), ``for_the_total`` (the points would do, but without this applicant all points are more).
    ``nearest`` is the post wished for where fewest points were missing, ``missing`` how many; −1 and 0 without one.
    """

    applicant: int
    reason: str
    nearest: int
    missing: float


@dataclass(frozen=True)
class Matching:
    """Who gets which post: ``post`` (n,), −1 for none, and ``rank`` (n,) of the wish that came true, 0 for none.

    ``cutoff`` (m,) is the least of the points of those taken where a post is full, else −∞. ``bound`` is the most
    points that any matching has in all, where points were to be most, else ``None``.
    """

    post: IntArray
    rank: IntArray
    filled: IntArray
    cutoff: FloatArray
    points: float
    bound: int | None
    unmatched: tuple[Unmatched, ...]
