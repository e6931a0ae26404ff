"""A run on gold trees -> a second run in its folder, with the trees of a parser; tabulated."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.parsers import Parser
from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError
from linguagraph.runs.comparing import FOLDER, reparsed
from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.models import Explained
from linguagraph.runs.parsing import Sentences, graph_stage, parse_stage
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.sources import Reading, Source
from linguagraph.runs.tabulating import tabulate_stage

__all__ = ["reparse_run"]


@dataclass(frozen=True)
class _Reparsed(Source):
    """The sentences of a run, parsed again."""

    run: Run | None = None
    by: Parser | None = None

    def documents(
        self,
        *,
        done: Container[str] = (),
        on_bad: OnBad | None = None,
        warn: Callable[[str], None] = lambda message: None,
        tick: Callable[[int], None] = lambda characters: None,
    ) -> Iterator[Document]:
        """One per sentence."""
        assert self.run is not None
        assert self.by is not None
        stored = Sentences(self.run.finished("parse").folder)
        for sentence in reparsed(stored.stream(), self.by):
            yield Document("", (sentence,))

    def facts(self) -> dict[str, Any]:
        """What the parser predicts."""
        assert self.by is not None
        return {"predicted": ["tags", "lemmas", "trees"], "parser": self.by.facts()}


def reparse_run(
    run: Run,
    explained: Explained,
    source: Source,
    *,
    tokens: int,
    most: int | None = None,
    facts: dict[str, Any],
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> None:
    """Do the stages parse to tabulate again, with predicted tags, lemmas and trees.

    Args:
        run: tabulated; made from a corpus with gold trees.
        explained: the model and probes of that run.
        source: the corpus of that run.
        tokens: tokens per batch.
        most: as for the run itself: the same predicates are drawn.
        facts: for the manifest.
        progress, warn: for people who wait.

    Raises:
        ConfigError: the corpus of the run is text: it has no gold trees.
        ParserError: there is no parser.
    """
    if source.is_text:
        raise ConfigError("the trees of text are predicted: there are no gold trees to compare")
    again = _Reparsed(
        Reading(),
        source.name,
        source.format,
        source.key,
        source.path,
        run=run,
        by=source.parser(),
    )
    second = Run.create(run.path / FOLDER, resume=True, overwrite=True)
    with second.lock():
        parse_stage(second, source.name, source=again, progress=progress, warn=warn)
        graph_stage(second, progress=progress)
        mask_stage(
            second,
            explained,
            tokens=tokens,
            most=most,
            facts=facts,
            progress=progress,
            warn=warn,
        )
        tabulate_stage(second, progress=progress)
