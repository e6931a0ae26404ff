"""A model and training graphs -> a network that says how much of each message may be noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass, Sent, Site
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.answers import losses
from linguagraph.masks.rivals.edge_net import EdgeNet
from linguagraph.masks.rivals.method import MethodMask, Progress, nothing, scored
from linguagraph.masks.rivals.training import TrainingSet, place, place_rows

__all__ = ["SCALES", "Bottleneck", "InformationBottleneck", "InformationBottleneckConfig"]

SCALES = ("std", "variance")


@dataclass(frozen=True)
class InformationBottleneckConfig:
    """How the bottleneck is learned.

    Attributes:
        beta: weight of the information, in nats per dimension of a message, the mean over the
            messages of a graph. (Schulz et al. weigh the sum over k dimensions by 10 / k, which is
            10 here.)
        lr: of Adam.
        epochs: passes over the training graphs.
        batch_size: graphs.
        hidden: width of the network.
        bias: first logit of every gate; at 5, as in Schulz et al., 0.7 percent are noise.
        scale: what the noise of each dimension is multiplied by: its ``std`` over the training set,
            as a Gaussian has it, or its ``variance``, as the authors of GraphMask have it in their
            code.
        threshold: retained are edges whose gate is above it.
    """

    beta: float = 1.0
    lr: float = 1e-3
    epochs: int = 10
    batch_size: int = 16
    hidden: int = 64
    bias: float = 5.0
    scale: str = "std"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ConfigError(f"scale={self.scale!r}; expected one of {list(SCALES)}")
        if self.epochs < 1 or self.batch_size < 1 or self.beta < 0:
            raise ConfigError(
                f"epochs={self.epochs}, batch_size={self.batch_size}, beta={self.beta}; expected "
                "at least 1, 1 and 0"
            )


class Bottleneck(nn.Module):
    """Gate networks of all sites, and mean and scale of the noise of each dimension.

    Args:
        sites: of the model.
        config: widths and scale.
        seed: of the initial weights.
    """

    def __init__(
        self, sites: Sequence[Site], *, config: InformationBottleneckConfig, seed: int
    ) -> None:
        super().__init__()
        self.sites = tuple(sites)
        self.nets = nn.ModuleList(
            EdgeNet(site, hidden=config.hidden, seed=seed * 1009 + number, bias=config.bias)
            for number, site in enumerate(sites)
        )
        for number, site in enumerate(sites):
            self.register_buffer(f"mean{number}", torch.zeros(site.message))
            self.register_buffer(f"scale{number}", torch.ones(site.message))

    @property
    def means(self) -> tuple[Tensor, ...]:
        """Mean message of each site over the training set, float [D]."""
        return tuple(self.get_buffer(f"mean{number}") for number in range(len(self.sites)))

    def logits(self, trace: Pass) -> list[Tensor]:
        """Of the gate of every message, float [M] per site."""
        return [net(sent) for net, sent in zip(self.nets, trace.sent, strict=True)]

    @torch.no_grad()
    def measure(self, passes: TrainingSet, scale: str) -> None:
        """Take mean and standard deviation (or variance) of all messages of each site."""
        sums = [torch.zeros(3, site.message, dtype=torch.float64) for site in self.sites]
        for _, trace in passes:
            for total, sent in zip(sums, trace.sent, strict=True):
                messages = sent.messages.double().cpu()
                total[0] += len(messages)
                total[1] += messages.sum(0)
                total[2] += messages.square().sum(0)
        for number, (count, first, second) in enumerate(sums):
            mean = first / count.clamp(min=1)
            variance = (second / count.clamp(min=1) - mean.square()).clamp(min=0)
            # rounding of the two sums leaves constants a variance of this order
            variance = torch.where(variance > 1e-12 * second / count.clamp(min=1), variance, 0.0)
            noise = variance if scale == "variance" else variance.sqrt()
            self.get_buffer(f"mean{number}").copy_(mean)
            self.get_buffer(f"scale{number}").copy_(noise)

    def noise(self, batch: GraphBatch, trace: Pass, generator: torch.Generator) -> list[Tensor]:
        """A draw for every message, as baselines float [E, D] per site."""
        drawn = []
        for number, sent in enumerate(trace.sent):
            mean, scale = self.get_buffer(f"mean{number}"), self.get_buffer(f"scale{number}")
            normal = torch.randn(sent.messages.shape, generator=generator).to(mean.device)
            rows = (mean + scale * normal).to(sent.messages.dtype)
            drawn.append(place_rows(rows, sent, batch.num_edges))
        return drawn

    def information(self, trace: Pass, logits: Sequence[Tensor]) -> list[Tensor]:
        """Nats per dimension that get past the gate of every message, float [M] per site.

        Schulz et al. (2020), equation 6, for ``Z = g R + (1 - g) e``, ``e ~ N(mu, s^2)``, against
        ``N(mu, s^2)``: the mean over the dimensions of
        ``-log(1 - g) + ((1 - g)^2 + g^2 ((R - mu) / s)^2 - 1) / 2``. Dimensions that never vary
        carry no information and do not count.
        """
        found = []
        for number, (sent, logit) in enumerate(zip(trace.sent, logits, strict=True)):
            found.append(self._nats(number, sent, logit))
        return found

    def _nats(self, number: int, sent: Sent, logit: Tensor) -> Tensor:
        mean, scale = self.get_buffer(f"mean{number}"), self.get_buffer(f"scale{number}")
        active = scale > 0
        apart = (sent.messages - mean) / torch.where(active, scale, torch.ones_like(scale))
        squared = (apart.square() * active).sum(-1) / active.sum().clamp(min=1)
        gate = torch.sigmoid(logit)
        return F.softplus(logit) + ((1 - gate).square() + gate.square() * squared - 1) / 2


class InformationBottleneck:
    """The readout bottleneck of Schulz et al. (2020) with one gate per message.

    Schlichtkrull et al. (2021), appendix G: a network sees source, target and message; part ``1 -
    g`` of the message is replaced by Gaussian noise with the mean and scale of each dimension over
    all messages of the site in the training set. Loss of a graph: cross-entropy with the model's
    own answer + ``beta`` times the information (:meth:`Bottleneck.information`), the mean over its
    messages in all layers. Scores are the gates g, found without noise.

    Attributes:
        bottleneck: the fitted networks; ``None`` before :meth:`fit`.
        history: mean loss of the answers and mean information of each epoch.
    """

    name: ClassVar[str] = "information_bottleneck"
    needs_fit: ClassVar[bool] = True
    hard: ClassVar[bool] = False

    def __init__(self, config: InformationBottleneckConfig | None = None) -> None:
        self.config = config or InformationBottleneckConfig()
        self.bottleneck: Bottleneck | None = None
        self.history: list[tuple[float, float]] = []

    def fit(
        self,
        model: Explainable,
        graphs: Sequence[Any],
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """See :class:`linguagraph.masks.rivals.method.Method`.

        Raises:
            MaskError: no training graph has edges.
        """
        config = self.config
        generator = torch.Generator().manual_seed(seed)
        history = []
        with frozen(model.module):
            passes = TrainingSet(model, graphs, batch_size=config.batch_size, generator=generator)
            _, trace = next(iter(passes))
            bottleneck = Bottleneck(model.sites, config=config, seed=seed)
            bottleneck.to(trace.output.device, trace.output.dtype)
            bottleneck.measure(passes, config.scale)
            optimizer = torch.optim.Adam(bottleneck.parameters(), lr=config.lr)
            for epoch in range(config.epochs):
                sums = torch.zeros(2)
                for batch, trace in passes:
                    noise = bottleneck.noise(batch, trace, generator)
                    loss, information = _objective(model, bottleneck, batch, trace, noise)
                    optimizer.zero_grad(set_to_none=True)
                    torch.autograd.backward(loss + config.beta * information)
                    optimizer.step()
                    sums += torch.stack((loss.detach(), information.detach())).cpu().float()
                history.append(tuple((sums / passes.seen).tolist()))
                if progress is not None:
                    progress(epoch + 1, config.epochs)
        self.bottleneck, self.history = bottleneck.requires_grad_(False), history

    @torch.no_grad()
    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`.

        Raises:
            MaskError: not fitted, or fitted for a model with other sites.
        """
        if self.bottleneck is None:
            raise MaskError(
                "the information bottleneck is not fitted; call fit with training graphs"
            )
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            if self.bottleneck.sites != tuple(model.sites):
                raise MaskError(
                    "the information bottleneck was fitted for a model with other layers; fit it "
                    "for this one"
                )
            logits = self.bottleneck.logits(trace)
        mask = scored(
            place([torch.sigmoid(logit) for logit in logits], model.sites, trace),
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
        )
        return replace(mask, baselines=self.bottleneck.means)


def _objective(
    model: Explainable,
    bottleneck: Bottleneck,
    batch: GraphBatch,
    trace: Pass,
    noise: Sequence[Tensor],
) -> tuple[Tensor, Tensor]:
    """Means over the graphs of the loss of the answers and of the information per message."""
    logits = bottleneck.logits(trace)
    gates = place([torch.sigmoid(logit) for logit in logits], model.sites, trace)
    masked = model.run(batch, gates, baselines=noise, trace=trace)
    nats = place(bottleneck.information(trace, logits), model.sites, trace)
    counted = trace.present.to(nats.dtype)
    total = batch.per_graph((nats * counted).sum(0), batch.edge_graph)
    messages = batch.per_graph(counted.sum(0), batch.edge_graph).clamp(min=1)
    return losses(model.output, batch, trace, masked).mean(), (total / messages).mean()
