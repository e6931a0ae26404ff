"""The mentions of an item -> De Cao et al.'s entity graph: MATCH, DOC-BASED, COREF, COMPLEMENT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from linguagraph.documents.item_mentions import ItemMention
from linguagraph.errors import ConfigError
from linguagraph.graphs.textgraph import TextGraph

__all__ = ["RELATIONS", "entity_graph", "relation_matrices"]

RELATIONS = ("MATCH", "DOC-BASED", "COREF", "COMPLEMENT")
"""Edge labels of the entity graph (De Cao et al. 2019, section 2.2), by their codes."""

Bools = NDArray[np.bool_]


def relation_matrices(mentions: Sequence[ItemMention]) -> Bools:
    """Which relations hold between which mentions: bool [4, V, V], symmetric, empty diagonals.

    * MATCH: the same string (normal form), within and across documents. Bridges also match what
      has the same short form (:func:`linguagraph.documents.item_mentions.short_key`). Mentions
      that are there for coreference alone ("he") match nothing.
    * DOC-BASED: in the same document.
    * COREF: in the same coreference chain.
    * COMPLEMENT: none of these.

    Departure from De Cao et al.: their documents are linked through candidates and the subject
    alone; here bridges are nodes, too.
    """
    size = len(mentions)
    found = np.zeros((len(RELATIONS), size, size), dtype=np.bool_)
    if not size:
        return found
    named = np.array([m.role != "coreferent" for m in mentions])
    bridge = np.array([m.role == "bridge" for m in mentions])
    keys, shorts = (_codes([getattr(m, name) for m in mentions]) for name in ("key", "short"))
    support = np.array([m.support for m in mentions])
    chain = np.array([m.chain for m in mentions])
    short = _equal(shorts) & (bridge[:, None] | bridge[None])
    found[0] = (_equal(keys) | short) & named[:, None] & named[None]
    found[1] = _equal(support)
    found[2] = _equal(chain) & (chain >= 0)[:, None]
    found[:3, np.arange(size), np.arange(size)] = False
    found[3] = ~found[:3].any(0)
    np.fill_diagonal(found[3], False)
    return found


def entity_graph(
    mentions: Sequence[ItemMention], *, relations: Sequence[str] = RELATIONS
) -> TextGraph:
    """The graph over the mentions of an item, two directed edges for each pair and relation.

    Edges are ordered by relation, then source, then target, which makes their ids. ``->`` goes
    from the earlier mention to the later one; the relations themselves are symmetric.

    Args:
        mentions: in the order of the text; they are the nodes.
        relations: those to keep; COMPLEMENT pairs stay what they are without the others.

    Raises:
        ConfigError: an unknown relation.
    """
    unknown = set(relations) - set(RELATIONS)
    if unknown:
        raise ConfigError(f"relations {sorted(unknown)}; expected some of {list(RELATIONS)}")
    matrices = relation_matrices(mentions)
    kept = [code for code, name in enumerate(RELATIONS) if name in relations]
    code, source, target = np.nonzero(matrices[kept])
    labels = np.array([RELATIONS[k] for k in kept], dtype=object)[code]
    directions = np.where(source < target, "->", "<-")
    return TextGraph(
        num_nodes=len(mentions),
        edge_index=np.stack((source, target)).astype(np.int64),
        labels=tuple(labels),
        directions=tuple(directions.tolist()),
        kind="entity",
    )


def _codes(values: Sequence[str]) -> NDArray[np.int64]:
    """Numbers that are equal for equal strings, and none for empty ones."""
    known: dict[str, int] = {}
    return np.array(
        [known.setdefault(v, len(known)) if v else -1 - i for i, v in enumerate(values)]
    )


def _equal(values: NDArray[np.int64]) -> Bools:
    equal: Bools = values[:, None] == values[None]
    return equal
