"""The other programs: METIS, KaHIP and GerryChain, given the same graph and the same range."""

from __future__ import annotations

import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from types import FrameType

import gerrychain
import kahip
import networkx
import numpy as np
import pymetis
import scipy.sparse as sparse
from benchmarks.cases import Case, Worth, worth
from benchmarks.clock import timed
from gerrychain.constraints import within_percent_of_ideal_population
from gerrychain.optimization import SingleMetricOptimizer
from gerrychain.proposals import recom
from gerrychain.updaters import Tally
from scipy.sparse.csgraph import connected_components

SEEDS = 20
# Per mille above the mean: METIS's least, its own choice, and more; all the room up to the upper limit is added.
TOLERANCES = (1, 30, 100)
BURST = 10
KAHIP_SEEDS, KAHIP_FAST, KAHIP_STRONG = 3, 0, 2
DECIMETRES = 10


def metis(case: Case, k: int, *, by_halves: bool, tolerance: int, seed: int) -> np.ndarray:
    """Return METIS's plan of a connected case, no district more than ``tolerance`` per mille above the mean.

    METIS cuts into k at once and keeps districts whole, or ``by_halves`` (recursive bisection) and does not. Its edges
    weigh 1 where k is given, else their length in decimetres. It knows no lower bound.
    """
    options = pymetis.Options()
    options.seed, options.contig, options.ufactor = seed, not by_halves, tolerance
    matrix = case.adjacency
    lengths = None if case.k else np.maximum(1, np.rint(matrix.data * DECIMETRES)).astype(int)
    graph = pymetis.CSRAdjacency(adj_starts=matrix.indptr, adjacent=matrix.indices)
    _, labels = pymetis.part_graph(
        k, graph, vweights=case.weights, eweights=lengths, options=options, recursive=by_halves
    )  # fmt: skip
    return np.array(labels) if case.k else np.unique(labels, return_inverse=True)[1]


@dataclass(frozen=True)
class Rival:
    """A plan, how it was come by, the districts left in several pieces before they were mended, seconds of all runs."""

    name: str
    labels: np.ndarray
    in_pieces: int
    seconds: float


@dataclass(frozen=True)
class _Run:
    by_halves: bool
    labels: np.ndarray
    worth: Worth
    in_pieces: int
    seconds: float


def metis_plans(case: Case, plan: np.ndarray | None = None) -> list[Rival]:
    """Run METIS on every connected block, both ways, with 20 seeds at each tolerance; keep the best of each block.

    Without k each block is cut into as many districts as ``plan`` has there. Every piece of a district but the heaviest
    goes to the neighbour with the longest border, which also shortens METIS's cut; the single run is left as it is.
    """
    labels = np.zeros((len(CHOICES), len(case.weights)), dtype=np.int64)
    in_pieces, seconds = np.zeros(len(CHOICES), dtype=np.int64), np.zeros(len(CHOICES))
    for members, part in _blocks(case):
        k = case.k or len(np.unique(plan[members]))
        if k > 1:
            runs = _runs(part, k)
            for row, (_, ways, key) in enumerate(CHOICES):
                mine = [run for run in runs[1:] if run.by_halves in ways] if key else runs[:1]
                best = min(mine, key=key) if key else mine[0]
                labels[row, members] = best.labels
                in_pieces[row] += best.in_pieces
                seconds[row] += sum(run.seconds for run in mine)
        # Labels of one block must not meet those of another.
        labels[:, members] += members[0] * len(case.weights)
    return [
        Rival(name, np.unique(labels[row], return_inverse=True)[1], int(in_pieces[row]), float(seconds[row]))
        for row, (name, _, _) in enumerate(CHOICES)
    ]


def metis_once(case: Case, plan: np.ndarray) -> Rival:
    """Return the plan of one run of METIS in every block, its tolerance as wide as the range, left as it is."""

    def cut(part: Case, k: int) -> np.ndarray:
        room = int(1000 * (part.upper * k / int(part.weights.sum()) - 1))
        return metis(part, k, by_halves=False, tolerance=max(1, room), seed=0)

    return _once("METIS k-way, one run", case, plan, cut)


def kahip_once(case: Case, plan: np.ndarray) -> Rival:
    """Return the plan of one run of KaHIP in every block in its fast mode; its strong one would take minutes."""
    return _once("KaHIP, fast, one run", case, plan, partial(_kahip, mode=KAHIP_FAST, seed=0))


def _once(name: str, case: Case, plan: np.ndarray, cut: Callable[[Case, int], np.ndarray]) -> Rival:
    """Return a plan with as many districts as ``plan`` in every block, cut by a program that knows no blocks."""
    labels, seconds = np.zeros(len(case.weights), dtype=np.int64), 0.0
    for members, part in _blocks(case):
        if (k := len(np.unique(plan[members]))) > 1:
            labels[members], taken = timed(partial(cut, part, k))
            seconds += taken
        labels[members] += members[0] * len(labels)
    whole = np.unique(labels, return_inverse=True)[1]
    return Rival(name, whole, worth(case, whole).broken, seconds)


def kahip_plan(case: Case, plan: np.ndarray) -> Rival:
    """Return KaHIP's best of three seeds in its strong mode, with as many districts as ``plan`` in every block.

    It knows no lower bound. The best is the one with the fewest households outside the range.
    """
    labels, seconds, in_pieces = np.zeros(len(case.weights), dtype=np.int64), 0.0, 0
    for members, part in _blocks(case):
        k, runs = len(np.unique(plan[members])), []
        for seed in range(KAHIP_SEEDS if k > 1 else 0):
            found, taken = timed(partial(_kahip, part, k, mode=KAHIP_STRONG, seed=seed))
            seconds += taken
            runs.append((worth(replace(part, area=None), found), found))
        if runs:
            best, found = min(runs, key=lambda run: (run[0].outside, run[0].cut))
            labels[members], in_pieces = found, in_pieces + best.broken
        labels[members] += members[0] * len(labels)
    return Rival("KaHIP, best of 3", np.unique(labels, return_inverse=True)[1], in_pieces, seconds)


def _blocks(case: Case) -> Iterator[tuple[np.ndarray, Case]]:
    """Yield the atoms of every connected block, and the block as a case of its own."""
    matrix = case.open_edges()
    block = connected_components(matrix, directed=False)[1]
    order = np.argsort(block, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        yield (
            members,
            replace(case, weights=case.weights[members], adjacency=matrix[members][:, members], closed=None, area=None),
        )


def _kahip(part: Case, k: int, *, mode: int, seed: int) -> np.ndarray:
    lengths = np.maximum(1, np.rint(part.adjacency.data * DECIMETRES)).astype(int)
    graph = [part.weights.tolist(), part.adjacency.indptr.tolist(), lengths.tolist(), part.adjacency.indices.tolist()]
    room = max(0.0, part.upper * k / max(int(part.weights.sum()), 1) - 1)
    return np.array(kahip.kaffpa(*graph, k, room, True, seed, mode)[1])


def _range_first(run: _Run) -> tuple[float, ...]:
    return run.worth.outside, run.worth.cut


def _cut_first(run: _Run) -> tuple[float, ...]:
    return run.worth.cut, run.worth.outside


# Name, whether runs by halves and others count, and what makes one better; without the last, it is the first run.
CHOICES = (
    ("METIS k-way, one run", (False,), None),
    ("METIS k-way, best in range", (False,), _range_first),
    ("METIS by halves, best in range", (True,), _range_first),
    ("METIS, shortest cut of all", (False, True), _cut_first),
)


def _runs(part: Case, k: int) -> list[_Run]:
    """Return the first run as METIS left it, then all runs mended."""
    room = int(1000 * (part.upper * k / int(part.weights.sum()) - 1))
    tolerances = sorted({max(1, min(each, room)) for each in (*TOLERANCES, room)}, reverse=True)
    runs: list[_Run] = []
    for by_halves in (False, True):
        for tolerance in tolerances:
            for seed in range(SEEDS):
                labels, seconds = timed(partial(metis, part, k, by_halves=by_halves, tolerance=tolerance, seed=seed))
                broken = worth(part, labels).broken
                if not runs:
                    runs.append(_Run(by_halves, labels, worth(part, labels), broken, seconds))
                whole = mended(part, labels)
                runs.append(_Run(by_halves, whole, worth(part, whole), broken, seconds))
    return runs


def mended(case: Case, labels: np.ndarray) -> np.ndarray:
    """Return a plan in which every district is in one piece: smaller pieces go where their border is longest."""
    matrix = case.adjacency.tocoo()
    while True:
        same = labels[matrix.row] == labels[matrix.col]
        inside = sparse.csr_array((same[same] * 1.0, (matrix.row[same], matrix.col[same])), shape=matrix.shape)
        count, piece = connected_components(inside, directed=False)
        if count == len(np.unique(labels)):
            return labels
        weight = np.bincount(piece, weights=case.weights)
        atoms = np.bincount(piece)
        of_piece = np.empty(count, dtype=np.int64)
        of_piece[piece] = labels
        ranked = np.lexsort((-atoms, -weight, of_piece))
        main = np.zeros(count, dtype=bool)
        main[ranked[np.flatnonzero(np.diff(of_piece[ranked], prepend=-1))]] = True
        stray = ~main[piece[matrix.row]] & main[piece[matrix.col]]
        border = sparse.csr_array(
            (matrix.data[stray], (piece[matrix.row[stray]], labels[matrix.col[stray]])),
            shape=(count, int(labels.max()) + 1),
        )
        touching = np.flatnonzero(np.diff(border.indptr))
        of_piece[touching] = border[touching].argmax(axis=1)
        labels = of_piece[piece]


@dataclass(frozen=True)
class Chain:
    """GerryChain's best plan (``None`` where it found no first one), seconds to the first plan, steps after it."""

    plan: np.ndarray | None
    start_seconds: float
    steps: int


def gerrychain_bursts(case: Case, *, start_limit: float, seconds: float, seed: int) -> Chain:
    """Run short bursts of ReCom for so many seconds after a first plan, for which there is a limit."""
    graph = _gerrychain_graph(case)
    ideal = case.weights.sum() / case.k
    room = min(case.upper / ideal - 1, 1 - case.lower / ideal)
    begun = time.process_time()
    with _alarm(start_limit), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            first = gerrychain.Partition.from_random_assignment(
                graph, case.k, room, "people", updaters={"people": Tally("people")}, rng=seed
            )
        # It names no class for a plan not found.
        except Exception:  # noqa: BLE001
            return Chain(None, time.process_time() - begun, 0)
    started = time.process_time() - begun
    search = SingleMetricOptimizer(
        proposal_fn=partial(recom, pop_col="people", pop_target=ideal, epsilon=room, node_repeats=1),
        constraints=[within_percent_of_ideal_population(first, room, pop_key="people")],
        initial_state=first,
        optimization_metric_fn=lambda partition: len(partition["cut_edges"]),
        maximize=False,
        rng=seed,
    )
    steps = 0
    with _alarm(seconds), warnings.catch_warnings(), suppress(TimeoutError):
        warnings.simplefilter("ignore")
        for _ in search.short_bursts(BURST, 10**9):
            steps += 1
    names = search.best_part.assignment.to_dict()
    return Chain(np.array([names[atom] for atom in range(len(case.weights))]), started, steps)


def _gerrychain_graph(case: Case) -> gerrychain.Graph:
    graph = networkx.Graph()
    graph.add_nodes_from((atom, {"people": weight}) for atom, weight in enumerate(case.weights.tolist()))
    matrix = case.adjacency.tocoo()
    graph.add_edges_from((i, j) for i, j in zip(matrix.row.tolist(), matrix.col.tolist(), strict=True) if i < j)
    return gerrychain.Graph.from_networkx(graph)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeoutError` inside the block after so many seconds of processor time."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
