"""Items in, where each edge lies relative to the paths from the predicate to its arguments out.

The edge table says of every edge where it starts and ends, which token is the predicate, and which
targets are arguments in the unmasked prediction (``target_kind``). Heads, and so the paths, follow
from the dependency edges within the example's sentence. The first of these that holds is given:

* ``on_path``: the edge is on the dependency path from the predicate to one of its predicted
  arguments and leads from the predicate to the argument;
* ``against_path``: the same edge read the other way, from the argument's side to the predicate's;
* ``into_argument``: off these paths, but its target is a predicted argument;
* ``at_predicate``: off these paths, but it starts or ends at the predicate;
* ``off_path``: anything else, edges that are no dependencies among them.

An argument that is the target of no edge, or the predicate itself, has no path here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linguagraph.aggregates.items import IntArray, Items

__all__ = ["POSITIONS", "path_positions"]

POSITIONS = ("on_path", "against_path", "into_argument", "at_predicate", "off_path")

_Flags = NDArray[np.bool_]


def path_positions(items: Items) -> IntArray:
    """Position of each item, [items], as a place in :data:`POSITIONS`.

    All are ``off_path`` where graphs are not made of language (``predicate_index`` is -1).
    """
    edge, first = _edges(items)
    source, target, predicate = (
        _ints(items, name)[first] for name in ("source", "target", "predicate_index")
    )
    example = items.example[first]
    inside = (_ints(items, "source_offset")[first] == 0) & (
        _ints(items, "target_offset")[first] == 0
    )
    tree = inside & _is(items, "kind", "dependency")[first] & (predicate >= 0)
    argument = _is(items, "target_kind", "argument")[first] & inside
    down = _is(items, "direction", "->")[first]
    node = _Nodes(example, source, target, predicate)
    on_path, against = _paths(node, tree & down, tree & ~down, argument, len(first))
    touches = inside & (predicate >= 0) & ((source == predicate) | (target == predicate))
    chosen = np.select([on_path, against, argument, touches], [0, 1, 2, 3], default=4)
    return np.asarray(chosen[edge], dtype=np.intp)


class _Nodes:
    """Tokens of all examples, numbered through."""

    def __init__(
        self, example: IntArray, source: IntArray, target: IntArray, predicate: IntArray
    ) -> None:
        count = int(example.max()) + 1 if len(example) else 0
        size = np.zeros(count, dtype=np.intp)
        np.maximum.at(size, example, np.maximum(np.maximum(source, target), predicate) + 1)
        start = np.cumsum(size) - size
        self.size, self.longest = int(size.sum()), int(size.max(initial=0))
        self.source, self.target = start[example] + source, start[example] + target
        self.predicate = np.full(count, -1, dtype=np.intp)
        known = predicate >= 0
        self.predicate[example[known]] = (start[example] + predicate)[known]
        self.example = np.repeat(np.arange(count), size)


def _paths(
    node: _Nodes, down: _Flags, up: _Flags, argument: _Flags, edges: int
) -> tuple[_Flags, _Flags]:
    """Edges on paths from predicates to arguments, and their counterparts: two bool [edges]."""
    head = np.full(node.size, -1, dtype=np.intp)
    head[node.target[down]] = node.source[down]
    above = _ancestors(head, node.predicate[node.predicate >= 0])
    descends = np.zeros(node.size, dtype=bool)  # the edge from its head is on a path, downwards
    ascends = np.zeros(node.size, dtype=bool)  # the edge to its head is on a path, upwards
    at = np.unique(node.target[argument])
    common = _climb(head, at, above, descends, node.longest)
    reach = np.full(len(node.predicate), -1, dtype=np.intp)  # steps up that some path needs
    depth = _depths(head, node.predicate, above)
    np.maximum.at(reach, node.example[common], depth[common])
    place = node.predicate.copy()
    for step in range(int(reach.max(initial=0))):
        going = (place >= 0) & (reach > step)
        ascends[place[going]] = True
        place[going] = head[place[going]]
    on_path, against = np.zeros(edges, dtype=bool), np.zeros(edges, dtype=bool)
    on_path[down] = descends[node.target[down]]
    on_path[up] = ascends[node.source[up]]
    against[down] = ascends[node.target[down]]
    against[up] = descends[node.source[up]]
    return on_path, against & ~on_path


def _ancestors(head: IntArray, start: IntArray) -> _Flags:
    """Tokens that are in ``start`` or above one of it."""
    found = np.zeros(len(head), dtype=bool)
    place = start
    while len(place):
        place = place[~found[place]]
        found[place] = True
        place = head[place]
        place = place[place >= 0]
    return found


def _climb(
    head: IntArray, place: IntArray, above: _Flags, descends: _Flags, longest: int
) -> IntArray:
    """Climb from arguments to the first token above the predicate, noting the way; those tokens.

    Arguments in another tree than the predicate get no path, and nothing is noted for them.
    """
    start, joins = place, np.full(len(place), -1, dtype=np.intp)
    at, who = place, np.arange(len(place))
    for _ in range(longest):  # heads in a circle would go on for ever
        done = above[at]
        joins[who[done]] = at[done]
        at, who = head[at[~done]], who[~done]
        at, who = at[at >= 0], who[at >= 0]
        if not len(at):
            break
    at = start[joins >= 0]
    while len(at):
        at = at[~above[at] & ~descends[at]]
        descends[at] = True
        at = head[at]
    return np.unique(joins[joins >= 0])


def _depths(head: IntArray, predicate: IntArray, above: _Flags) -> IntArray:
    """Steps from the predicate up to each token above it; -1 for all other tokens."""
    depth = np.full(len(head), -1, dtype=np.intp)
    place, step = predicate[predicate >= 0], 0
    while len(place):
        place = place[above[place] & (depth[place] < 0)]
        depth[place] = step
        place, step = head[place], step + 1
        place = place[place >= 0]
    return depth


def _edges(items: Items) -> tuple[IntArray, IntArray]:
    """Number of each item's edge, [items], and an item of each edge, all layers being equal."""
    number = _ints(items, "edge")
    size = np.zeros(len(items.examples), dtype=np.intp)
    np.maximum.at(size, items.example, number + 1)
    key = (np.cumsum(size) - size)[items.example] + number
    first = np.full(int(size.sum()), -1, dtype=np.intp)
    first[key] = np.arange(len(key))
    used = first >= 0
    return (np.cumsum(used) - 1)[key], first[used]


def _ints(items: Items, name: str) -> IntArray:
    return np.asarray(items.column(name)).astype(np.intp)


def _is(items: Items, name: str, value: str) -> _Flags:
    codes, names = items.codes(name)
    return np.asarray(codes == (names.index(value) if value in names else -2))
