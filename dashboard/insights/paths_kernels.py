"""Walks through the events of every person and counts the ways from node to node: one pass over one partition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.jit import kernel
from dashboard.schema import NULL_TIME

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

SEEN, SHOWN, CUT, EVENTS, WITHOUT = range(5)  # columns of ``totals``


@kernel
def count_nodes(
    offsets: Int64,
    day: Int32,
    codes: Int32,
    mask: Bytes,
    group: Int8,
    node_of: Int32,
    first: int,
    last: int,
    out: Int64,
) -> None:
    """out[node] += events of counted persons on the days [first, last] (an empty ``day``: all) that pass the mask (an
    empty mask: all)."""
    masked = mask.shape[0] > 0
    ranged = day.shape[0] > 0
    found = np.zeros((2, out.shape[0] + 1), np.int64)  # two, so that an increment need not wait for the one before
    for u in range(offsets.shape[0] - 1):
        if group[u] < 0:
            continue
        for i in range(offsets[u], offsets[u + 1]):
            if (ranged and not first <= day[i] <= last) or (masked and not mask[i]):
                continue
            found[i & 1, np.uint32(node_of[np.uint32(codes[i] + 1)] + 1)] += 1
    for node in range(out.shape[0]):
        out[node] += found[0, node + 1] + found[1, node + 1]


@kernel
def walk(
    offsets: Int64,
    time: Int64,
    day: Int32,
    codes: Int32,
    mask: Bytes,
    group: Int8,
    node_of: Int32,
    shown: Int32,
    first: int,
    last: int,
    gap: int,
    limit: int,
    collapse: bool,
    start: int,
    end: int,
    count: Int64,
    users: Int64,
    micros: Floats,
    visits: Int64,
    visitors: Int64,
    ended: Int64,
    totals: Int64,
    wanted_edge: int,
    wanted_node: int,
    flags: Bytes,
) -> None:
    """Paths of every person, their edges and nodes.

    time: int64 µs, ascending per person, NULL_TIME first. day: int32[n], or empty: every row is in range. mask:
    uint8[n] or empty. group: int8[n_users], -1 = not counted. node_of[code + 1]: node, -1 = none: the event is skipped.
    shown[node]: the node it is shown as, 0 .. m - 1. gap: µs; a longer pause begins a new path. limit: nodes shown.
    start, end: node or -1; a path counts from the first ``start``, or up to the last ``end`` with its last node in the
    last column.

    Adds, flat over (group, column, source, target): count (paths), users (distinct persons), micros (sum of the times);
    flat over (group, column, node): visits, visitors, ended (paths that end there); totals[group]: paths seen, paths
    shown, shown paths cut at ``limit``, events with a node, events without one. flags[u] = 1 for persons whose path has
    the edge ``wanted_edge`` or the node ``wanted_node`` (flat indices, -1 = none).
    """
    m = 0
    for k in range(shown.shape[0]):
        m = max(m, shown[k] + 1)
    m = max(m, 1)
    columns = limit - 1
    ranged = day.shape[0] > 0
    masked = mask.shape[0] > 0
    edge_seen = np.full(count.shape[0], -1, np.int32)
    node_seen = np.full(visits.shape[0], -1, np.int32)
    nodes = np.empty(limit, np.int32)
    times = np.empty(limit, np.int64)
    kept = np.empty(limit, np.int32)
    kept_times = np.empty(limit, np.int64)
    for u in range(offsets.shape[0] - 1):
        g = group[u]
        if g < 0:
            continue
        stop = offsets[u + 1]
        length = 0  # nodes of the path from its beginning (or from ``start``)
        n = 0  # nodes to show
        reach = 0  # nodes from the beginning to the last one that counts
        before = -1
        latest = 0
        open_path = False
        for i in range(offsets[u], stop + 1):
            t = 0
            node = -1
            if i < stop:
                t = time[i]
                if t == NULL_TIME or (ranged and (day[i] < first or day[i] > last)) or (masked and not mask[i]):
                    continue
                node = node_of[np.uint32(codes[i] + 1)]
                if node < 0:
                    totals[g, WITHOUT] += 1
                    continue
                totals[g, EVENTS] += 1
            if open_path and (i == stop or t - latest > gap):
                totals[g, SEEN] += 1
                if n > 0:
                    totals[g, SHOWN] += 1
                    column = limit - n if end >= 0 else 0
                    if end < 0:
                        reach = length
                    if reach > limit:
                        totals[g, CUT] += 1
                    for j in range(n):
                        at = (g * limit + column + j) * m + kept[j]
                        spot = np.uint64(at)
                        visits[spot] += 1
                        if node_seen[spot] != u:
                            node_seen[spot] = u
                            visitors[spot] += 1
                        if at == wanted_node:
                            flags[u] = 1
                        if j == n - 1 and end < 0 and reach <= limit:
                            ended[spot] += 1
                        if j > 0:
                            edge = ((g * columns + column + j - 1) * m + kept[j - 1]) * m + kept[j]
                            spot = np.uint64(edge)
                            count[spot] += 1
                            micros[spot] += kept_times[j] - kept_times[j - 1]
                            if edge_seen[spot] != u:
                                edge_seen[spot] = u
                                users[spot] += 1
                            if edge == wanted_edge:
                                flags[u] = 1
                length = 0
                n = 0
                before = -1
            if i == stop:
                break
            open_path = True
            latest = t
            if collapse and node == before:
                continue
            before = node
            if end >= 0:
                nodes[length % limit] = shown[node]
                times[length % limit] = t
                length += 1
                if node == end:  # the path up to here is the one to show, unless there is a later end
                    reach = length
                    n = min(length, limit)
                    for j in range(n):
                        kept[j] = nodes[(length - n + j) % limit]
                        kept_times[j] = times[(length - n + j) % limit]
            elif start < 0 or length > 0 or node == start:
                if length < limit:
                    kept[length] = shown[node]
                    kept_times[length] = t
                    n += 1
                length += 1
