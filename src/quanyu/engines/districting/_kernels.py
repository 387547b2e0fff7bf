"""The inner loops, compiled by numba: random trees, recombination of two districts, tree partition, single moves.

All work on one connected block: CSR neighbours (``indptr``, ``indices``), border lengths ``length``, ``weight`` per
atom, ``label`` per atom. Randomness is a 64-bit xorshift state in an array, so that the same seed gives the same plan
wherever it runs. ``kernel.py_func`` is the same loop in plain Python.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NONE = -1


@njit(cache=True, nogil=True)
def uniform(state):
    """Return a float in [0, 1) and advance the state (xorshift64*)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def random_tree(root, member, atoms, count, indptr, indices, key_of, local, order, parent, state, heap_key, heap_edge):
    """Grow a random-key Prim tree over the atoms whose ``member`` is true; return how many it reached.

    ``order`` gets the atoms in the order reached, ``parent`` the position in ``order`` of each one's parent,
    ``local`` the position of each atom. ``key_of`` is added to each entry's random key: small keys come early.
    """
    for i in range(count):
        local[atoms[i]] = NONE
    size = 0
    reached = 1
    order[0], parent[0], local[root] = root, NONE, 0
    at = root
    while True:
        here = local[at]
        for e in range(indptr[at], indptr[at + 1]):
            other = indices[e]
            if member[other] and local[other] == NONE:
                key = uniform(state) + key_of[e]
                # Push (key, entry, parent position) on the heap.
                i = size
                size += 1
                while i > 0:
                    up = (i - 1) >> 1
                    if heap_key[up] <= key:
                        break
                    heap_key[i] = heap_key[up]
                    heap_edge[i, 0], heap_edge[i, 1] = heap_edge[up, 0], heap_edge[up, 1]
                    i = up
                heap_key[i] = key
                heap_edge[i, 0], heap_edge[i, 1] = other, here
        found = NONE
        while size > 0:
            atom, above = heap_edge[0, 0], heap_edge[0, 1]
            size -= 1
            key, last0, last1 = heap_key[size], heap_edge[size, 0], heap_edge[size, 1]
            i = 0
            while True:
                child = 2 * i + 1
                if child >= size:
                    break
                if child + 1 < size and heap_key[child + 1] < heap_key[child]:
                    child += 1
                if heap_key[child] >= key:
                    break
                heap_key[i] = heap_key[child]
                heap_edge[i, 0], heap_edge[i, 1] = heap_edge[child, 0], heap_edge[child, 1]
                i = child
            heap_key[i] = key
            heap_edge[i, 0], heap_edge[i, 1] = last0, last1
            if local[atom] == NONE:
                found = atom
                parent[reached] = above
                break
        if found == NONE:
            return reached
        order[reached] = found
        local[found] = reached
        reached += 1
        at = found


@njit(cache=True, nogil=True)
def out_of_range(total, lower, upper):
    """Return how far a weight lies outside [lower, upper]."""
    if total < lower:
        return lower - total
    if total > upper:
        return total - upper
    return 0


@njit(cache=True, nogil=True)
def recombine(
    indptr, indices, length, weight, label, size, anchor, previous, lower, upper, target, pull, wall, stay,
    hot, cold, first, last, total_steps, state, scratch_int, scratch_float, member, heap_key, heap_edge, key_of,
):  # fmt: skip
    """Anneal by recombination: steps ``first`` to ``last`` of ``total_steps``; return the steps accepted.

    A step joins two neighbouring districts, draws a random tree on them, and weighs **every** tree edge: the weights
    of both sides, the exact new cut (each edge adds to its two ends and is taken off twice at their lowest common
    ancestor), the households that stay. The best edge is taken by the rule of Metropolis.
    """
    n = len(weight)
    local, order, parent, atoms = scratch_int[0], scratch_int[1], scratch_int[2], scratch_int[3]
    depth, below, stay_a, stay_b = scratch_int[4], scratch_int[5], scratch_int[6], scratch_int[7]
    cut = scratch_float[0]
    accepted = 0
    span = max(1.0, float(upper - lower))
    for step in range(first, last):
        heat = hot * (cold / hot) ** (step / total_steps)
        at = int(uniform(state) * n)
        a = label[at]
        start = indptr[at]
        degree = indptr[at + 1] - start
        if degree == 0:
            continue
        neighbour = indices[start + int(uniform(state) * degree)]
        b = label[neighbour]
        if a == b:
            continue
        # Collect both districts, walking from the border between them.
        count = 0
        atoms[0] = at
        member[at] = True
        count = 1
        i = 0
        here_cut = 0.0
        while i < count:
            u = atoms[i]
            i += 1
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                lv = label[v]
                if lv == a or lv == b:
                    if lv != label[u]:
                        here_cut += length[e]
                    if not member[v]:
                        member[v] = True
                        atoms[count] = v
                        count += 1
        here_cut /= 2.0
        root = atoms[int(uniform(state) * count)]
        reached = random_tree(
            root, member, atoms, count, indptr, indices, key_of, local, order, parent, state, heap_key, heap_edge
        )
        for i in range(reached):
            u = order[i]
            below[i] = weight[u]
            stay_a[i] = weight[u] if previous[u] >= 0 and previous[u] == anchor[a] else 0
            stay_b[i] = weight[u] if previous[u] >= 0 and previous[u] == anchor[b] else 0
            cut[i] = 0.0
            depth[i] = 0 if i == 0 else depth[parent[i]] + 1
        for i in range(reached):
            u = order[i]
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if member[v] and u < v:
                    j = local[v]
                    cut[i] += length[e]
                    cut[j] += length[e]
                    p, q = i, j
                    while p != q:
                        if depth[p] >= depth[q]:
                            p = parent[p]
                        else:
                            q = parent[q]
                    cut[p] -= 2.0 * length[e]
        for i in range(reached - 1, 0, -1):
            p = parent[i]
            below[p] += below[i]
            stay_a[p] += stay_a[i]
            stay_b[p] += stay_b[i]
            cut[p] += cut[i]
        whole, all_a, all_b = below[0], stay_a[0], stay_b[0]
        best, best_cost, best_flip = NONE, 1e300, False
        for i in range(1, reached):
            one = below[i]
            other = whole - one
            out = out_of_range(one, lower, upper) + out_of_range(other, lower, upper)
            deviation = ((one - target) ** 2 + (other - target) ** 2) / (span * span)
            straight = stay_a[i] + all_b - stay_b[i]
            flipped = stay_b[i] + all_a - stay_a[i]
            kept = max(straight, flipped)
            cost = cut[i] + wall * out + pull * deviation - stay * kept
            # The noise of the temperature lets trees offer more than their single best edge.
            noisy = cost - heat * np.log(-np.log(uniform(state) * 0.999999 + 5e-7)) * -0.5
            if noisy < best_cost:
                best, best_cost, best_flip = i, noisy, flipped > straight
        if best != NONE:
            one = below[best]
            other = whole - one
            kept = max(stay_a[best] + all_b - stay_b[best], stay_b[best] + all_a - stay_a[best])
            new = cut[best] + wall * (out_of_range(one, lower, upper) + out_of_range(other, lower, upper))
            new += pull * ((one - target) ** 2 + (other - target) ** 2) / (span * span) - stay * kept
            stays = 0
            for i in range(count):
                u = atoms[i]
                if previous[u] >= 0 and previous[u] == anchor[label[u]]:
                    stays += weight[u]
            old = here_cut + wall * (out_of_range(size[a], lower, upper) + out_of_range(size[b], lower, upper))
            old += pull * ((size[a] - target) ** 2 + (size[b] - target) ** 2) / (span * span) - stay * stays
            if new <= old or uniform(state) < np.exp((old - new) / heat):
                accepted += 1
                inner, outer = (b, a) if best_flip else (a, b)
                for i in range(reached):
                    depth[i] = 0
                depth[best] = 1
                for i in range(best, reached):
                    if i == best or depth[parent[i]] == 1:
                        depth[i] = 1
                for i in range(reached):
                    label[order[i]] = inner if depth[i] == 1 else outer
                size[inner], size[outer] = one, other
        for i in range(count):
            member[atoms[i]] = False
    return accepted


@njit(cache=True, nogil=True)
def partition_tree(order, parent, reached, weight, lower, upper, target, label, first_label, reach, before):
    """Cut a tree into parts with weights in [lower, upper], exactly; return the number of parts, −1 if none exists.

    ``reach[i]`` is the bit set of weights that the open part at node i can have, ``before[i]`` the one of its parent
    before node i was joined. A child joins its parent's part (sums) or closes its own (if it can lie in range).

    References
    ----------
    .. [1] Ito, Nishizeki, Schröder, Uno, Zhou (2012). Partitioning a weighted tree into subtrees with weights in a
       given range. Algorithmica 62, 823-841.
    """
    words = reach.shape[1]
    for i in range(reached):
        w = weight[order[i]]
        for k in range(words):
            reach[i, k] = np.uint64(0)
        if w > upper:
            return -1
        reach[i, w >> 6] = np.uint64(1) << np.uint64(w & 63)
    for i in range(reached - 1, 0, -1):
        p = parent[i]
        can_close = _any_between(reach[i], lower, upper)
        for k in range(words):
            before[i, k] = reach[p, k]
        for k in range(words):
            reach[p, k] = before[i, k] if can_close else np.uint64(0)
        for k in range(words):
            bits = reach[i, k]
            while bits != np.uint64(0):
                low = bits & (~bits + np.uint64(1))
                shift = (k << 6) + _position(low)
                _or_shifted(reach[p], before[i], shift, upper)
                bits ^= low
    if not _any_between(reach[0], lower, upper):
        return -1
    return _trace(order, parent, reached, lower, upper, target, label, first_label, reach, before)


@njit(cache=True, nogil=True)
def _position(bit):
    place = 0
    while bit > np.uint64(1):
        bit >>= np.uint64(1)
        place += 1
    return place


@njit(cache=True, nogil=True)
def _has(bits, value):
    return (bits[value >> 6] >> np.uint64(value & 63)) & np.uint64(1) != np.uint64(0)


@njit(cache=True, nogil=True)
def _any_between(bits, lower, upper):
    for value in range(lower, upper + 1):
        if _has(bits, value):
            return True
    return False


@njit(cache=True, nogil=True)
def _or_shifted(into, bits, shift, upper):
    words = len(into)
    jump, rest = shift >> 6, shift & 63
    for k in range(words - 1, jump - 1, -1):
        value = bits[k - jump] << np.uint64(rest)
        if rest > 0 and k - jump - 1 >= 0:
            value |= bits[k - jump - 1] >> np.uint64(64 - rest)
        into[k] |= value
    # Weights above the upper limit are of no use to anybody.
    top = upper >> 6
    keep = (upper & 63) + 1
    if keep < 64:
        into[top] &= (np.uint64(1) << np.uint64(keep)) - np.uint64(1)
    for k in range(top + 1, words):
        into[k] = np.uint64(0)


@njit(cache=True, nogil=True)
def _nearest(bits, lower, upper, target):
    best, gap = -1, upper + 1
    for value in range(lower, upper + 1):
        if _has(bits, value) and abs(value - target) < gap:
            best, gap = value, abs(value - target)
    return best


@njit(cache=True, nogil=True)
def _trace(order, parent, reached, lower, upper, target, label, first_label, reach, before):
    """Walk the tree from the root, undoing the joins in reverse order, and label the parts."""
    want = np.empty(reached, np.int64)
    part = np.empty(reached, np.int64)
    want[0] = _nearest(reach[0], lower, upper, target)
    part[0] = first_label
    parts = 1
    # Joins into a parent were made from the last child to the first, so they are undone from the first to the last;
    # a child is visited before its own children, since order lists parents first.
    for i in range(1, reached):
        p = parent[i]
        wanted = want[p]
        if _has(before[i], wanted) and _any_between(reach[i], lower, upper):
            want[i] = _nearest(reach[i], lower, upper, target)
            part[i] = first_label + parts
            parts += 1
        else:
            for value in range(0, wanted + 1):
                if _has(reach[i], value) and _has(before[i], wanted - value):
                    want[i] = value
                    want[p] = wanted - value
                    break
            part[i] = part[p]
    for i in range(reached):
        label[order[i]] = part[i]
    return parts


@njit(cache=True, nogil=True)
def polish(
    indptr, indices, length, weight, label, size, anchor, previous, lower, upper, target, pull, wall, stay, rounds,
    queue, seen,
):  # fmt: skip
    """Move single atoms over a border while that lowers the cost; return the moves made."""
    n = len(weight)
    span = max(1.0, float(upper - lower))
    moves = 0
    mark = 0
    for _ in range(rounds):
        moved = 0
        for u in range(n):
            a = label[u]
            own = 0.0
            inner = 0
            for e in range(indptr[u], indptr[u + 1]):
                if label[indices[e]] == a:
                    own += length[e]
                    inner += 1
            if inner == indptr[u + 1] - indptr[u] or inner == 0:
                continue
            best, best_gain = NONE, 1e-9
            w = weight[u]
            for e in range(indptr[u], indptr[u + 1]):
                b = label[indices[e]]
                if b == a:
                    continue
                shared = 0.0
                for f in range(indptr[u], indptr[u + 1]):
                    if label[indices[f]] == b:
                        shared += length[f]
                gain = shared - own
                old = out_of_range(size[a], lower, upper) + out_of_range(size[b], lower, upper)
                new = out_of_range(size[a] - w, lower, upper) + out_of_range(size[b] + w, lower, upper)
                gain += wall * (old - new)
                spread = (size[a] - target) ** 2 + (size[b] - target) ** 2
                spread -= (size[a] - w - target) ** 2 + (size[b] + w - target) ** 2
                gain += pull * spread / (span * span)
                if previous[u] >= 0:
                    if previous[u] == anchor[b]:
                        gain += stay * w
                    elif previous[u] == anchor[a]:
                        gain -= stay * w
                if gain > best_gain:
                    best, best_gain = b, gain
            if best == NONE:
                continue
            # The district must hold together without u: its own neighbours must reach each other.
            mark += 1
            seen[u] = mark
            head, tail, left = 0, 0, inner
            for e in range(indptr[u], indptr[u + 1]):
                if label[indices[e]] == a:
                    queue[0] = indices[e]
                    seen[indices[e]] = mark
                    tail = 1
                    left -= 1
                    break
            while head < tail and left > 0:
                x = queue[head]
                head += 1
                for e in range(indptr[x], indptr[x + 1]):
                    y = indices[e]
                    if label[y] == a and seen[y] != mark:
                        seen[y] = mark
                        queue[tail] = y
                        tail += 1
                        for f in range(indptr[y], indptr[y + 1]):
                            if indices[f] == u:
                                left -= 1
                                break
            if left > 0:
                continue
            label[u] = best
            size[a] -= w
            size[best] += w
            moved += 1
        moves += moved
        if moved == 0:
            break
    return moves
