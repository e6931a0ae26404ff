"""What the stage parse left on disk -> sentences and documents, streamed or looked up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

from linguagraph.documents.jsonl import document_from_json, read_jsonl, sentence_to_json
from linguagraph.documents.records import Document, Sentence
from linguagraph.errors import DocumentError, RunError

__all__ = ["DOCUMENTS", "SHARD", "Documents", "Drawn", "Sentences", "run_documents"]

SHARD = 200
"""Sentences per shard."""

DOCUMENTS = "documents.jsonl"
"""The documents without their sentences, in the folder of the stage."""


class Sentences(Mapping[int, Sentence]):
    """The sentences of a parsed run, streamed shard by shard, or looked up by corpus index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number, self._shard = -1, tuple[Sentence, ...]()

    def stream(self) -> Iterator[Sentence]:
        """All sentences in order; one shard is in memory at a time."""
        for number in range(len(list(self.folder.glob("shard-*.jsonl")))):
            yield from self.shard(number)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __len__(self) -> int:
        count = 0
        for path in self.folder.glob("shard-*.jsonl"):
            with open(path, "rb") as lines:
                count += sum(1 for _ in lines)
        return count

    def shard(self, number: int) -> tuple[Sentence, ...]:
        """All sentences of one shard."""
        if number != self._number:
            path = self.folder / f"shard-{number:05d}.jsonl"
            if not path.is_file():
                raise RunError(f"{path} is missing; run 'linguagraph parse' again")
            self._number, self._shard = number, tuple(read_jsonl(path))
        return self._shard

    def __getitem__(self, index: int) -> Sentence:
        """The sentence of a corpus index.

        Raises:
            KeyError: there is none.
        """
        try:
            return self.shard(index // SHARD)[index % SHARD]
        except (RunError, IndexError) as error:
            raise KeyError(index) from error


class Drawn(Sentences):
    """The same with a random part of their frames, drawn anew in the same way every time.

    Args:
        folder: of the stage.
        share: of the frames that are kept, in [0, 1].
        seed: of the draw.
    """

    def __init__(self, folder: Path, *, share: float, seed: int = 0) -> None:
        super().__init__(folder)
        self.share, self.seed = share, seed

    def shard(self, number: int) -> tuple[Sentence, ...]:
        """Sentences of one shard with the frames that were drawn."""
        found = super().shard(number)
        return found if self.share >= 1 else tuple(map(self._thinned, found))

    def _thinned(self, sentence: Sentence) -> Sentence:
        frames = tuple(f for f in sentence.frames if self._draws(sentence.index, f.predicate))
        return sentence if len(frames) == len(sentence.frames) else replace(sentence, frames=frames)

    def _draws(self, sentence: int, predicate: int) -> bool:
        return Random(f"{self.seed}/{sentence}/{predicate}").random() < self.share


class Documents(Iterable[Document]):
    """The documents of a parsed run with text and chains; none where the corpus knows none.

    May be iterated over more than once; one document is in memory at a time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __iter__(self) -> Iterator[Document]:
        path = self.folder / DOCUMENTS
        if not path.is_file():
            return
        sentences = Sentences(self.folder).stream()
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    record = json.loads(line)
                    taken = islice(sentences, record.pop("count"))
                    record["sentences"] = [sentence_to_json(sentence) for sentence in taken]
                    yield document_from_json(record)
                except (KeyError, ValueError, DocumentError) as error:
                    raise DocumentError(f"damaged ({error})", path=path, line=number) from error


def run_documents(run: str | Path) -> Documents:
    """The documents of a run directory, with sentences, text and chains.

    Args:
        run: as made by ``linguagraph parse`` or ``linguagraph report``.

    Raises:
        RunError: it holds no parsed documents; an annotated corpus has none if its format knows
            none (CoNLL-2009).
    """
    folder = Path(run) / "parse"
    if not (folder / DOCUMENTS).is_file():
        raise RunError(f"{run} holds no parsed documents; make them with 'linguagraph parse'")
    return Documents(folder)
