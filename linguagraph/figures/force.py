"""Links between nodes -> places in the plane, linked nodes near each other. Pure geometry.

After Fruchterman & Reingold (1991, Graph drawing by force-directed placement): all nodes repel each
other with k^2 / d, linked ones attract each other with d^2 / k, and steps grow shorter. Our
departures: a pull towards the middle keeps unlinked parts in sight, nodes start on a spiral in
their order instead of at random places, and at the end boxes that overlap are moved apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["force_layout", "spread_boxes"]

Floats = NDArray[np.float64]

_TURN = np.pi * (3.0 - np.sqrt(5.0))
_PULL = 0.06


def force_layout(
    num_nodes: int,
    links: NDArray[np.int64],
    *,
    width: float,
    height: float,
    iterations: int = 250,
) -> Floats:
    """Place nodes in a box; the same nodes and links always get the same places.

    Args:
        num_nodes: N; time and memory grow with its square.
        links: int64 [2, L], pairs of nodes, each pair once.
        width, height: of the box; (0, 0) is its left upper corner.
        iterations: steps.

    Returns:
        float64 [N, 2], inside the box.
    """
    angle = np.arange(num_nodes) * _TURN
    places = np.sqrt(np.arange(num_nodes) + 0.5)[:, None] * np.stack(
        (np.cos(angle), np.sin(angle)), axis=1
    )
    ideal = 1.0
    reach = 0.3 * np.sqrt(max(num_nodes, 1))
    for step in range(iterations):
        apart = places[:, None, :] - places[None, :, :]
        squared = np.maximum((apart**2).sum(axis=2), 1e-4)
        np.fill_diagonal(squared, np.inf)
        force = (apart * (ideal**2 / squared)[:, :, None]).sum(axis=1)
        along = places[links[1]] - places[links[0]]
        pull = along * np.linalg.norm(along, axis=1, keepdims=True) / ideal
        np.add.at(force, links[0], pull)
        np.add.at(force, links[1], -pull)
        force -= _PULL * np.sqrt(max(num_nodes, 1)) * places
        length = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        allowed = reach * (1.0 - step / iterations)
        places = places + force / length * np.minimum(length, allowed)
    return _fitted(places, width, height)


def spread_boxes(
    places: Floats, sizes: Floats, *, width: float, height: float, rounds: int = 60
) -> Floats:
    """Move boxes apart until few overlap, each pair along the axis where less is needed.

    Args:
        places: float64 [N, 2], middles of the boxes.
        sizes: float64 [N, 2], their widths and heights.
        width, height: of the area that all of them stay in.
        rounds: most attempts.
    """
    half = sizes / 2.0
    limits = np.array([width, height])
    for _ in range(rounds):
        apart = places[:, None, :] - places[None, :, :]
        overlap = half[:, None, :] + half[None, :, :] - np.abs(apart)
        touching = np.asarray((overlap > 0.0).all(axis=2))
        np.fill_diagonal(touching, False)
        if not touching.any():
            break
        upright = overlap[:, :, 1] <= overlap[:, :, 0]
        order = np.sign(np.arange(len(places))[:, None] - np.arange(len(places))[None, :])
        sign = np.where(apart == 0.0, order[:, :, None], np.sign(apart))
        shift = 0.5 * overlap * sign * touching[:, :, None]
        shift[:, :, 0] *= ~upright
        shift[:, :, 1] *= upright
        places = np.clip(places + 0.6 * shift.sum(axis=1), half, np.maximum(limits - half, half))
    return places


def _fitted(places: Floats, width: float, height: float) -> Floats:
    """Scale to the box, each axis for itself; what has no extent goes to the middle."""
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    extent = high - low
    scaled = np.where(extent > 1e-9, (places - low) / np.maximum(extent, 1e-9), 0.5)
    return np.asarray(scaled * np.array([width, height]))
