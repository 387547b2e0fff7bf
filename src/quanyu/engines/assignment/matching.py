"""Match applicants to posts: stably by the preferences of both sides, or with the most points in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import FloatArray, IntArray, any_array, float_array, int_array, require_rows, whole_number
from quanyu.engines.assignment._kernels import propose
from quanyu.engines.assignment.counting import assign_by_count, bound_by_places
from quanyu.engines.assignment.errors import RepeatedPair
from quanyu.engines.assignment.problem import MOST, NONE, check, rows_of
from quanyu.engines.assignment.result import Matching, Unmatched


@dataclass(frozen=True)
class _Wishes:
    """Checked wishes of n applicants for m posts, each applicant's best first, then by post."""

    indptr: IntArray
    rows: IntArray
    post: IntArray
    rank: IntArray
    points: FloatArray
    places: IntArray


def match(wishes: Any, points: Any, places: Any, *, seed: int = 0) -> Matching:
    """Match applicants to posts so that no two would rather have each other: deferred acceptance.

    Applicants propose in the order of their wishes, posts hold on to those with most points. Where a post gives two
    applicants the same points, a lot decides, drawn once for each applicant from ``seed``; where an applicant ranks two
    posts alike, the one of lower number comes first. Of all stable matchings under these orders each applicant gets the
    best, so nobody gains by hiding what he wishes.

    Parameters
    ----------
    wishes : (n, m) CSR or dense of whole numbers: 1 for the post wished for most, 2 for the next; 0 or not stored where
        the applicant does not want the post, or it will not have him
    points : what the post thinks of the applicant, more is better: (nnz,) along ``wishes.data``, or (n, m)
    places : (m,) int64, how many a post takes

    Returns
    -------
    Matching
        The same inputs and seed give the same answer.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index and what would mend it.

    References
    ----------
    .. [1] Gale, D. and Shapley, L. S. (1962). College admissions and the stability of marriage. American Mathematical
       Monthly 69(1), 9-15.
    .. [2] Abdulkadiroğlu, A., Pathak, P. A. and Roth, A. E. (2009). Strategy-proofness versus efficiency in matching
       with indifferences. American Economic Review 99(5), 1954-1978.

    Examples
    --------
    >>> match([[1, 2], [1, 2], [1, 0]], [[5, 9], [7, 1], [6, 0]], [1, 1]).post
    array([ 1,  0, -1])
    """
    given = _checked(wishes, points, places)
    lot = np.random.default_rng(whole_number("seed", seed, low=0)).permutation(len(given.indptr) - 1)
    standing = np.empty(len(given.post), dtype=np.int64)
    standing[np.lexsort((lot[given.rows], -given.points))] = np.arange(len(given.post))
    return _answer(given, propose(given.indptr, given.post, standing, given.places), None)


def match_by_points(wishes: Any, points: Any, places: Any) -> Matching:
    """Match applicants to posts so that their points are most in all, and of such matchings as many as can be.

    The arguments are those of :func:`match`, with whole points of 0 or more; ranks only say who wants what. The answer
    is exact: ``bound`` is the total, proven by prices of the places. It may leave an applicant envious: use
    :func:`match` where that matters.
    """
    given = _checked(wishes, points, places, in_all=True)
    whole = given.points.astype(np.int64)
    n, most = len(given.indptr) - 1, int(whole.max(initial=0))
    # Points first: a place more, which counts 1, is never worth a point.
    costs = sparse.csr_array(((most - whole) * (n + 1), given.post, given.indptr), shape=(n, len(given.places)))
    order = np.lexsort((given.post, given.rows))
    problem = check(costs, given.places, price=most * (n + 1) + 1)
    entry, prices = assign_by_count(problem)
    proven = (most * (n + 1) + 1) * n - bound_by_places(problem, prices)
    held = np.full(n, NONE, dtype=np.int64)
    held[entry != NONE] = order[entry[entry != NONE]]
    return _answer(given, held, proven // (n + 1))


def blocking_pairs(wishes: Any, points: Any, places: Any, post: Any) -> IntArray:
    """Return the pairs (applicant, post) that would rather have each other than what ``post`` (n,) gives them.

    By the definition, not by the method of :func:`match`: the applicant ranks the post before his own, and it has a
    place free or an applicant with fewer points. A matching is stable if and only if there is none.
    """
    given = _checked(wishes, points, places)
    n, m = len(given.indptr) - 1, len(given.places)
    held = int_array("post", post, shape=(n,), low=NONE, high=m - 1)
    is_own = given.post == held[given.rows]
    own_rank = np.full(n, np.iinfo(np.int64).max)
    own_rank[given.rows[is_own]] = given.rank[is_own]
    least = np.full(m, np.inf)
    np.minimum.at(least, given.post[is_own], given.points[is_own])
    has_room = np.bincount(held[held != NONE], minlength=m) < given.places
    worst = np.where(has_room, -np.inf, least)
    wants = (given.rank < own_rank[given.rows]) & (given.places[given.post] > 0)
    blocks = wants & (given.points > worst[given.post])
    return np.column_stack([given.rows[blocks], given.post[blocks]])


def _checked(wishes: Any, points: Any, places: Any, *, in_all: bool = False) -> _Wishes:
    """Return the checked wishes; where points are counted ``in_all``, they are whole and their sums exact."""
    is_sparse = sparse.issparse(wishes)
    table: Any = wishes if is_sparse else any_array("wishes", wishes, expected="integers")
    require_rows("wishes", table)
    table = sparse.csr_array(table) if is_sparse else int_array("wishes", table, shape=(-1, -1), low=0)
    n, m = table.shape
    if not is_sparse:
        rows, post = (axis.astype(np.int64) for axis in np.nonzero(table))
        rank = table[rows, post]
    else:
        rows, post = rows_of(table.indptr.astype(np.int64)), table.indices.astype(np.int64)
        rank = int_array("wishes.data", table.data, shape=(-1,), low=1)
    is_table = any_array("points", points, expected="decimal numbers").shape == (n, m)
    marks = float_array("points", points, shape=(n, m) if is_table else (len(rows),))
    place: Any = (rows, post) if is_table else slice(None)
    if in_all:
        # Looked at where they were given, so that a fault names the applicant; points of no wish do not matter.
        wished = np.zeros_like(marks)
        wished[place] = marks[place]
        int_array("points", wished, low=0, high=(MOST // n - 1) // (n + 1))
    marks = marks[place]
    rooms = int_array("places", places, shape=(m,), low=0, high=MOST)
    order = np.lexsort((post, rank, rows))
    rows, post, rank, marks = rows[order], post[order], rank[order], marks[order]
    pairs = np.sort(rows * m + post)
    if (twice := np.flatnonzero(np.diff(pairs) == 0)).size:
        first = int(pairs[twice[0]])
        raise RepeatedPair(name="wishes", row=first // m, column=first % m)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
    # No post takes more than there are applicants.
    return _Wishes(indptr, rows, post, rank, marks, np.minimum(rooms, n))


def _answer(given: _Wishes, held: IntArray, bound: int | None) -> Matching:
    """Return the result of the wish that each applicant is given."""
    n, m = len(held), len(given.places)
    has = held != NONE
    post, rank = np.full(n, NONE, dtype=np.int64), np.zeros(n, dtype=np.int64)
    post[has], rank[has] = given.post[held[has]], given.rank[held[has]]
    filled = np.bincount(post[has], minlength=m)
    cutoff = np.full(m, np.inf)
    np.minimum.at(cutoff, post[has], given.points[held[has]])
    cutoff[filled < given.places] = -np.inf
    unmatched = tuple(_reason(given, i, cutoff, by_points=bound is not None) for i in np.flatnonzero(~has).tolist())
    return Matching(post, rank, filled, cutoff, float(given.points[held[has]].sum()), bound, unmatched)


def _reason(given: _Wishes, i: int, cutoff: FloatArray, *, by_points: bool) -> Unmatched:
    span = slice(int(given.indptr[i]), int(given.indptr[i + 1]))
    if span.start == span.stop:
        return Unmatched(i, "no_wish", NONE, 0.0)
    posts, points = given.post[span], given.points[span]
    is_open = given.places[posts] > 0
    if not is_open.any():
        return Unmatched(i, "no_place", NONE, 0.0)
    posts, missing = posts[is_open], (cutoff[posts] - points)[is_open]
    nearest = int(np.argmin(missing))
    enough = "for_the_total" if by_points else "lottery"
    reason = "outranked" if missing[nearest] > 0 else enough
    return Unmatched(i, reason, int(posts[nearest]), max(0.0, float(missing[nearest])))
