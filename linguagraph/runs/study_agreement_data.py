"""Trees and Linzen's sentences -> verbs with known subjects, for training and for testing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from linguagraph.documents.agreement import (
    AgreementItem,
    agreement_items,
    find_subjects,
    read_linzen,
)
from linguagraph.documents.conllu import read_conllu
from linguagraph.documents.stanza_parser import load_parser
from linguagraph.errors import ConfigError
from linguagraph.files import fingerprint, write_json
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["AgreementData", "read_agreement"]

_TRAIN, _DEV = 6, 7  # of ten parts of Linzen's sentences: six, one, three


@dataclass(frozen=True)
class AgreementData:
    """Items by use.

    Attributes:
        train: of trees and of Linzen; subjects may be unknown.
        dev: of Linzen, to choose the epoch.
        test: of Linzen, all of them; ``known``: those whose subject a parser finds.
        dropped: test items without a usable subject, and verbs of trees that are left out, by
            reason.
        sources: names and fingerprints of the files.
    """

    train: tuple[AgreementItem, ...]
    dev: tuple[AgreementItem, ...]
    test: tuple[AgreementItem, ...]
    known: tuple[AgreementItem, ...]
    dropped: dict[str, int]
    sources: dict[str, str]


def read_agreement(
    trees: Path,
    linzen: Path,
    out: Path,
    *,
    longest: int,
    limit: int | None = None,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
) -> AgreementData:
    """Read and split; subjects of the test items are parsed once and kept in ``subjects.json``.

    Args:
        trees: CoNLL-U with Penn tags.
        linzen: folder with ``linzen.text`` and ``linzen.gold``.
        out: where the parsed subjects are kept.
        longest: words of a sentence; longer ones are left out.
        limit: parse only so many test items.
        log: receives what was found; progress: bar of the parser.

    Raises:
        ConfigError: a part is empty.
    """
    files = (trees, linzen / "linzen.text", linzen / "linzen.gold")
    dropped: Counter[str] = Counter()
    own = list(agreement_items(read_conllu(trees), source=trees.stem, dropped=dropped))
    others = read_linzen(files[1], files[2])
    kept = [item for item in own if len(item.words) <= longest]
    parts: tuple[list[AgreementItem], ...] = ([], [], [])
    for number, item in enumerate(others):
        if len(item.words) <= longest:
            parts[(number % 10 >= _TRAIN) + (number % 10 >= _DEV)].append(item)
    left = len(own) + len(others) - len(kept) - sum(map(len, parts))
    train, dev, test = (tuple(part) for part in ([*kept, *parts[0]], parts[1], parts[2]))
    if not train or not dev or not test:
        raise ConfigError(
            f"{len(train)} training, {len(dev)} dev and {len(test)} test items of at most "
            f"{longest} words; give more data"
        )
    reasons = {f"trees: {reason}": n for reason, n in sorted(dropped.items())}
    if left:
        reasons[f"more than {longest} words"] = left
    sources = {path.name: fingerprint(path) for path in files}
    chosen = test[: limit or len(test)]
    known, missed = _subjects(chosen, out / "subjects.json", sources, progress)
    reasons |= {f"test: {reason}": n for reason, n in sorted(missed.items())}
    log(f"{len(train):,} training, {len(dev):,} dev, {len(test):,} test; {len(known):,} subjects")
    return AgreementData(train, dev, test, tuple(known), reasons, sources)


def _subjects(
    items: Sequence[AgreementItem], path: Path, sources: dict[str, str], progress: Progress
) -> tuple[list[AgreementItem], dict[str, int]]:
    key = {"sources": sources, "items": len(items), "longest": max(len(i.words) for i in items)}
    if path.is_file():
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["key"] == key:
            found = [AgreementItem(**{**i, "words": tuple(i["words"])}) for i in held["items"]]
            return found, held["dropped"]
    tick = progress("parsing", sum(len(" ".join(item.words)) for item in items))
    dropped: Counter[str] = Counter()
    known = find_subjects(items, load_parser(), dropped=dropped, tick=tick)
    tick.close()
    value = {"key": key, "items": [asdict(i) for i in known], "dropped": dict(dropped)}
    write_json(path, value)
    return known, dict(dropped)
