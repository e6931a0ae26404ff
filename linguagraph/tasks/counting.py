"""Seeds -> digit sequences with known relevant tokens, and the network that answers their queries.

De Cao et al. (2020), section 4.1, the toy task of DiffMask. A query <n, m> names two digits: does n
occur more often than m in a sequence of digits? The relevant tokens are exactly those equal to n or
m. The model is the paper's: embeddings of query and token go through a feed-forward layer at each
position (h^(1)), a GRU runs over these (h^(2)), and the answer is read from its last state. The
feed-forward layer has ReLU units: an input mask can only be right if some input vector is neutral
to every query. With the relevant tokens kept, one learned in 200 steps left a divergence of 0.0001
bits; in a network with tanh, trained otherwise much alike, 0.018 and still falling (one try each).

All random choices are even: the length, each digit, and the query among the 90 pairs of different
digits. So that the queried digits are not too rare to be counted, each token is with probability
:data:`ASKED` one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_gates import DiffMaskConfig
from linguagraph.masks.diffmask_training import DiffMaskTraining
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.outputs import Output
from linguagraph.masks.units import LayerPass, UnitBatch, UnitMask

__all__ = [
    "CountingExample",
    "CountingModel",
    "CountingTraining",
    "CountingUnits",
    "TokenScores",
    "counting_accuracy",
    "counting_diffmask",
    "counting_examples",
    "score_tokens",
    "train_counting",
]

DIGITS = 10
SHORTEST, LONGEST = 4, 10
ASKED = 0.4


@dataclass(frozen=True)
class CountingExample:
    """A query of two different digits, and a sequence."""

    query: tuple[int, int]
    digits: tuple[int, ...]

    @property
    def answer(self) -> bool:
        """Whether the first queried digit occurs more often than the second."""
        return self.digits.count(self.query[0]) > self.digits.count(self.query[1])

    @property
    def gold(self) -> tuple[bool, ...]:
        """Whether each token matters: it is one of the queried digits."""
        return tuple(digit in self.query for digit in self.digits)


@dataclass(frozen=True)
class _Batch:
    """query int64 [B, 2]; digits int64 [B, T], padded with 0; lengths int64 [B]; answer [B]."""

    query: Tensor
    digits: Tensor
    lengths: Tensor
    answer: Tensor

    @property
    def there(self) -> Tensor:
        """bool [B, T], whether there is a token."""
        return torch.arange(self.digits.shape[1]) < self.lengths.unsqueeze(1)


def counting_examples(count: int, *, seed: int) -> list[CountingExample]:
    """Random examples.

    Raises:
        ConfigError: ``count`` is below 1.
    """
    if count < 1:
        raise ConfigError(f"{count} examples; expected at least 1")
    generator = torch.Generator().manual_seed(seed)
    shape = (count, LONGEST)
    lengths = torch.randint(SHORTEST, LONGEST + 1, (count,), generator=generator)
    first = torch.randint(DIGITS, (count,), generator=generator)
    other = torch.randint(1, DIGITS, (count,), generator=generator)
    query = torch.stack((first, (first + other) % DIGITS), 1)
    free = torch.randint(DIGITS, shape, generator=generator)
    asked = query.gather(1, torch.randint(2, shape, generator=generator))
    digits = torch.where(torch.rand(shape, generator=generator) < ASKED, asked, free)
    return [
        CountingExample((n, m), tuple(row[:length]))
        for (n, m), row, length in zip(
            query.tolist(), digits.tolist(), lengths.tolist(), strict=True
        )
    ]


class CountingModel(nn.Module):
    """The model of the task; two logits.

    Args:
        width: of embeddings and states.
        seed: of the weights; the random state of the process is left as it was.
    """

    def __init__(self, *, width: int = 64, seed: int = 0) -> None:
        super().__init__()
        self.width = width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(DIGITS, width)
            self.first = nn.Linear(3 * width, width)
            self.gru = nn.GRU(width, width, batch_first=True)
            self.read = nn.Linear(width, 2)

    def mix(self, vectors: Tensor, query: Tensor) -> Tensor:
        """h^(1) float [B, T, width] from token vectors [B, T, width] and queries int64 [B, 2]."""
        asked = self.embedding(query).flatten(1).unsqueeze(1).expand(-1, vectors.shape[1], -1)
        return torch.relu(self.first(torch.cat((asked, vectors), -1)))

    def count(self, mixed: Tensor) -> Tensor:
        """h^(2) float [B, T, width]."""
        states: Tensor = self.gru(mixed)[0]
        return states

    def answer(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Logits float [B, 2] from the state of the last token."""
        last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, self.width)
        logits: Tensor = self.read(states.gather(1, last).squeeze(1))
        return logits

    def forward(self, query: Tensor, digits: Tensor, lengths: Tensor) -> Tensor:
        """Logits float [B, 2]."""
        states = self.count(self.mix(self.embedding(digits), query))
        return self.answer(states, lengths)


class CountingUnits:
    """:class:`linguagraph.masks.units.Layered` over the model; units are the tokens."""

    state_names = ("input", "feed-forward", "gru")
    output = Output("classification")

    def __init__(self, model: CountingModel) -> None:
        self.model = model

    @property
    def module(self) -> CountingModel:
        """The model itself."""
        return self.model

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Width of the embeddings, of h^(1) and of h^(2)."""
        return (self.model.width,) * 3

    def batch(self, examples: Sequence[CountingExample]) -> UnitBatch:
        """Join examples."""
        content = _collate(examples)
        of = torch.arange(len(examples)).repeat_interleave(content.lengths)
        return UnitBatch(content, of, len(examples))

    @torch.no_grad()
    def trace(self, batch: UnitBatch) -> LayerPass:
        """One unmasked pass."""
        content: _Batch = batch.content
        vectors = self.model.embedding(content.digits)
        mixed = self.model.mix(vectors, content.query)
        states = self.model.count(mixed)
        number = torch.arange(batch.num_examples)
        return LayerPass(
            states=tuple(values[content.there] for values in (vectors, mixed, states)),
            output=self.model.answer(states, content.lengths),
            output_example=number,
            weights=torch.ones(batch.num_examples),
        )

    def run(self, batch: UnitBatch, states: Tensor, *, layer: int = 0) -> Tensor:
        """Logits float [B, 2] when the states [U, width] of one layer are replaced."""
        content: _Batch = batch.content
        rows = states.new_zeros(*content.digits.shape, self.model.width)
        rows = rows.index_put((content.there,), states)
        if layer == 0:
            rows = self.model.mix(rows, content.query)
        if layer <= 1:
            rows = self.model.count(rows)
        return self.model.answer(rows, content.lengths)


@dataclass(frozen=True, kw_only=True)
class CountingTraining:
    """How the model is trained: Adam on cross-entropy.

    Attributes:
        examples: to train on; batch: per step; epochs: passes over them.
        lr: falls linearly to a twentieth.
    """

    examples: int = 20_000
    batch: int = 100
    epochs: int = 20
    lr: float = 4e-3

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ConfigError(f"{name}={value}; expected a positive number")


def train_counting(
    seed: int = 0,
    *,
    config: CountingTraining | None = None,
    width: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> CountingModel:
    """Train a model; it is returned in evaluation mode.

    Args:
        seed: of weights, order and examples.
        config: settings.
        width: of the model.
        progress: (step, steps).
    """
    config = config or CountingTraining()
    model = CountingModel(width=width, seed=seed).train()
    data = _collate(counting_examples(config.examples, seed=seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    generator = torch.Generator().manual_seed(seed)
    per_epoch = -(-config.examples // config.batch)
    steps, done = config.epochs * per_epoch, 0
    for _ in range(config.epochs):
        order = torch.randperm(config.examples, generator=generator)
        for start in range(0, config.examples, config.batch):
            rows = order[start : start + config.batch]
            for group in optimizer.param_groups:
                group["lr"] = config.lr * (1 - 0.95 * done / steps)
            logits = model(data.query[rows], data.digits[rows], data.lengths[rows])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(F.cross_entropy(logits, data.answer[rows]))
            optimizer.step()
            done += 1
            if progress is not None:
                progress(done, steps)
    return model.eval()


@torch.no_grad()
def counting_accuracy(model: CountingModel, examples: Sequence[CountingExample]) -> float:
    """Share of right answers."""
    data = _collate(examples)
    found = model(data.query, data.digits, data.lengths).argmax(-1)
    return float((found == data.answer).float().mean())


def counting_diffmask(
    model: CountingModel,
    *,
    config: DiffMaskConfig | None = None,
    seed: int = 0,
    train: int = 8_000,
    dev: int = 500,
    epochs: int = 25,
    log: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DiffMask:
    """Amortised gates for a model of the task, with settings that suit it (tolerance 0.01 bits).

    Args:
        model: trained.
        config: variant and architecture; a first location of 4 by default.
        seed: of gates, order, noise and examples.
        train, dev: numbers of examples; epochs: passes over the former.
        log, progress: see :meth:`DiffMask.fit`.
    """
    settings = DiffMaskTraining(
        epochs=epochs,
        batch=64,
        lr=1e-2,
        baseline_lr=2.0,
        layers="all",
        checks=1,
        constraint=LagrangianConfig(tolerance=0.01),
    )
    masker = DiffMask(CountingUnits(model), config=config or DiffMaskConfig(bias=4.0), seed=seed)
    known = counting_examples(train + dev, seed=1_000 + seed)
    return masker.fit(known[:train], known[train:], settings, log=log, progress=progress)


@dataclass(frozen=True)
class TokenScores:
    """Precision, recall and F1 of retained tokens against the relevant ones, and their share."""

    precision: float
    recall: float
    f1: float
    retained: float


def score_tokens(mask: UnitMask, examples: Sequence[CountingExample]) -> list[TokenScores]:
    """Scores of each row of a mask, over all tokens of the examples together."""
    gold = torch.tensor([relevant for example in examples for relevant in example.gold])
    found = []
    for kept in mask.retained:
        right = int((kept & gold).sum())
        precision, recall = right / max(1, int(kept.sum())), right / max(1, int(gold.sum()))
        f1 = 2 * precision * recall / max(1e-12, precision + recall)
        found.append(TokenScores(precision, recall, f1, float(kept.float().mean())))
    return found


def _collate(examples: Sequence[CountingExample]) -> _Batch:
    digits = nn.utils.rnn.pad_sequence(
        [torch.tensor(example.digits) for example in examples], batch_first=True
    )
    return _Batch(
        query=torch.tensor([example.query for example in examples]),
        digits=digits,
        lengths=torch.tensor([len(example.digits) for example in examples]),
        answer=torch.tensor([int(example.answer) for example in examples]),
    )
