"""Names -> the methods of the faithfulness benchmark, with their settings and the paper's figures.

Settings were chosen on the star task (or are the paper's); the other tasks get the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals import METHODS
from linguagraph.masks.rivals.method import MethodMask, NotFitted, chosen
from linguagraph.masks.rivals.pgexplainer import PGExplainer, PGExplainerConfig
from linguagraph.runs.benchmark_cells import Contender

__all__ = ["CONTENDERS", "Everything", "contenders_named"]


class Everything(NotFitted):
    """The control that retains every edge."""

    name: ClassVar[str] = "everything"
    hard: ClassVar[bool] = True

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`."""
        with frozen(model.module):
            batch = model.batch(graphs)
            present = model.trace(batch).present
        return chosen(present, batch, present, name=self.name, seed=seed)


def _with_messages() -> PGExplainer:
    return PGExplainer(PGExplainerConfig(messages=True))


CONTENDERS: dict[str, Contender] = {
    one.name: one
    for one in (
        Contender(
            "graphmask",
            "GraphMask",
            METHODS["graphmask"],
            paper=(98.8, 100.0, 99.4),
        ),
        Contender(
            "nonamortised",
            "GraphMask per graph",
            METHODS["nonamortised"],
            paper=(96.7, 26.2, 41.2),
        ),
        Contender(
            "erasure",
            "Erasure search",
            METHODS["erasure"],
            paper=(100.0, 16.7, 28.6),
            ways=True,
        ),
        Contender(
            "integrated_gradients",
            "Integrated gradients",
            METHODS["integrated_gradients"],
            paper=(88.3, 93.5, 90.8),
        ),
        Contender(
            "information_bottleneck",
            "Information bottleneck",
            METHODS["information_bottleneck"],
            train=5_000,
            paper=(55.3, 51.5, 52.6),
        ),
        Contender(
            "gnnexplainer", "GNNExplainer", METHODS["gnnexplainer"], paper=(100.0, 16.8, 28.7)
        ),
        Contender("pgexplainer", "PGExplainer", METHODS["pgexplainer"], train=1_000),
        Contender("pgexplainer_messages", "PGExplainer, messages", _with_messages, train=1_000),
        Contender("gradient_gate", "Gradient × gate", METHODS["gradient_gate"]),
        Contender("random", "Random scores", METHODS["random"]),
        Contender("everything", "Every edge", Everything),
    )
}
"""All methods of the benchmark by name. "Attention" is none of them: these models have none."""


def contenders_named(names: Sequence[str]) -> tuple[Contender, ...]:
    """Methods by their names, in the given order.

    Raises:
        ConfigError: there is none of a name.
    """
    for name in names:
        if name not in CONTENDERS:
            raise ConfigError(f"no method {name!r}; there are {', '.join(CONTENDERS)}")
    return tuple(CONTENDERS[name] for name in dict.fromkeys(names))
