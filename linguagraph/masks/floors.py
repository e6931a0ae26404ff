"""Sizes of a model, its probes and a batch -> operations and bytes that an iteration cannot avoid.

A GraphMask iteration is one unmasked pass, the erasure functions over it, one masked pass from the
lowest gated layer per seed, and the way back to the erasure functions' parameters. Its floor on a
machine is the larger of two times: its multiply-adds at the machine's peak, and its bytes at the
machine's bandwidth. Counted are matrix products (two operations per multiply-add; operands read
once, the result written once), sums of messages along edges (every message read once, every node
written once) and the optimiser (four tensors read, three written). Everything else, such as
normalisation and gates, is taken to be free, done while the numbers of a product are at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from linguagraph.errors import ConfigError
from linguagraph.masks.probe import ProbeConfig
from linguagraph.models.qa import QaConfig
from linguagraph.models.srl import SrlConfig

__all__ = ["GraphSizes", "Work", "qa_floor", "srl_floor"]

BYTES = 4
ADAM = 7 * BYTES
"""Per parameter: value, gradient and two moments read, value and moments written."""


@dataclass(frozen=True)
class Work:
    """What something costs.

    Attributes:
        flops: operations, two per multiply-add.
        bytes: read from and written to memory.
    """

    flops: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(self.flops + other.flops, self.bytes + other.bytes)

    def __mul__(self, times: float) -> Work:
        return Work(self.flops * times, self.bytes * times)

    def seconds(self, *, flops: float, bandwidth: float) -> float:
        """The larger floor: operations at a peak (per second), or bytes (per second)."""
        return max(self.flops / flops, self.bytes / bandwidth)

    def bound(self, *, flops: float, bandwidth: float) -> str:
        """Which of the two it is: ``operations`` or ``bytes``."""
        longer = self.flops / flops >= self.bytes / bandwidth
        return "operations" if longer else "bytes"


@dataclass(frozen=True)
class GraphSizes:
    """How large a batch is.

    Attributes:
        nodes, edges: N and E, padding not counted.
        examples: predicates in their sentences, or questions.
        classes: of the output, for role labelling.
        relations, largest, query: for questions: R, nodes of the largest, words of all queries.
    """

    nodes: int
    edges: int
    examples: int
    classes: int = 0
    relations: int = 0
    largest: int = 0
    query: int = 0


def product(rows: float, inputs: float, outputs: float, *, batch: float = 1) -> Work:
    """Some products of [rows, inputs] by [inputs, outputs]."""
    moved = rows * inputs + inputs * outputs + rows * outputs
    return Work(2.0 * rows * inputs * outputs, BYTES * moved) * batch


def along(edges: float, nodes: float, width: float) -> Work:
    """The sum of messages [edges, width] at nodes."""
    return Work(0.0, BYTES * width * (edges + nodes))


def lstm(rows: float, inputs: float, hidden: int) -> Work:
    """One direction of one layer over so many tokens in all."""
    return product(rows, inputs, 4 * hidden) + product(rows, hidden, 4 * hidden)


def srl_floor(
    config: SrlConfig,
    sizes: GraphSizes,
    *,
    seeds: int = 1,
    inputs: int | None = None,
    probe: ProbeConfig | None = None,
) -> Work:
    """One iteration with gates in all layers of a gated GCN for role labelling.

    Args:
        config: of the model.
        sizes: of the batch; every node is a unit.
        seeds: S.
        inputs: width of a token's embedding; that of the configuration if not given.
        probe: of the erasure functions.

    Raises:
        ConfigError: the model's layers are no gated GCN.
    """
    if config.conv != "gated-gcn":
        raise ConfigError(f"conv={config.conv!r}; floors are counted for gated-gcn")
    hidden = (probe or ProbeConfig()).hidden
    width, nodes, edges = config.hidden, sizes.nodes, sizes.edges
    if inputs is None:
        parts = (config.word, config.lemma, config.tag, config.suffix, config.shape)
        inputs = sum(parts) + config.predicate + config.mark
    if config.encoder == "mlp":
        below, entering = product(nodes, inputs, width) + product(nodes, width, width), width
    else:
        entering = 2 * config.lstm_hidden
        wide = [inputs] + [entering] * (config.lstm_layers - 1)
        below = _sum([lstm(nodes, size, config.lstm_hidden) * 2 for size in wide])
    states = [entering] + [width] * (config.gcn_layers - 1)
    sent = [product(nodes, size, 3 * width) + product(nodes, size, 3) for size in states]
    summed = along(edges, nodes, width)
    read = product(sizes.examples, width, width) + product(nodes, width, width)
    read += product(nodes, width, sizes.classes)
    plain = below + _sum(sent) + summed * len(states) + read
    erasure = _sum(
        [product(nodes, size, hidden) * 2 + product(edges, width, hidden) for size in states]
    )
    scored = product(edges, hidden, 1) * len(states)
    fills = product(1, nodes, width) + product(nodes, width, 1)  # slopes of baseline and gates
    masked = _sum(sent[1:]) + summed * len(states) + read
    back = masked + fills * len(states)
    parameters = sum(hidden * (2 * size + width) + 7 * hidden + 1 + width for size in states)
    own = erasure * 2 + scored * 3 + masked + back + Work(0.0, ADAM * parameters)
    return plain + own * seeds


def qa_floor(
    config: QaConfig, sizes: GraphSizes, *, seeds: int = 1, probe: ProbeConfig | None = None
) -> Work:
    """One iteration with gates in all layers of a gated R-GCN for questions, in matrix form.

    Args:
        config: of the model; sizes: of the batch, padded to the largest question.
        seeds: S; probe: of the erasure functions over adjacency matrices.

    Raises:
        ConfigError: the model's layer is no gated R-GCN.
    """
    if config.conv != "gated-rgcn":
        raise ConfigError(f"conv={config.conv!r}; floors are counted for gated-rgcn")
    hidden = (probe or ProbeConfig()).hidden
    width, query, items = config.width, 2 * config.query, sizes.examples
    relations, largest = sizes.relations, sizes.largest
    cells = items * largest  # nodes with padding
    nodes = sizes.nodes
    asked = lstm(sizes.query, config.word, config.query) + lstm(sizes.query, query, config.query)
    window = config.window.size * (config.word + 2 * config.shape)
    known = 2 * config.hidden + 2 * config.shape + query
    below = asked * 2 + product(nodes, window, config.hidden) + product(items, query, config.hidden)
    below += product(nodes, known, config.hidden) + product(nodes, config.hidden, width)
    sent = product(cells, width, relations * width)
    mixed = product(largest, relations * largest, width, batch=items)
    linear, share = product(cells, width, width), product(cells, 2 * width, width)
    update = linear + share
    answer = product(nodes, 2 * width + query, config.hidden) + product(nodes, config.hidden, 1)
    wanted = product(items, query, width)
    plain = below + (sent + mixed + update) * config.layers + answer + wanted
    inner = product(cells, width, relations * hidden)
    outer = product(cells, hidden, width, batch=relations)
    pairs = product(relations * largest, width, largest, batch=items)
    masked = sent * (config.layers - 1) + (mixed + update) * config.layers + answer
    # the query asks nothing back; gates ask for a slope, and so do messages above the first layer
    back = sent * (config.layers - 1) + mixed * (2 * config.layers - 1) + answer
    back += linear * (config.layers - 1) + share * config.layers
    own = (inner * 2 + outer * 3 + pairs * 2) * config.layers + masked + back
    parameters = relations * hidden * (2 * width + 2) + relations + width
    own += Work(0.0, ADAM * parameters * config.layers)
    return plain + own * seeds


def _sum(parts: list[Work]) -> Work:
    total = Work()
    for part in parts:
        total += part
    return total
