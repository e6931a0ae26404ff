"""A run of raw text with chains, hostile words among them, for the tests of its sections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import tables as synthetic

from linguagraph.documents.records import (
    Chain,
    Document,
    Link,
    Mention,
    MultiwordToken,
    Sentence,
    Token,
)
from linguagraph.edges.storage import RunTables

SCRIPT = '<script>document.title="owned"</script>'
PARSER = {"raw text": {"Tokens": 99.1, "Sentences": 87.5, "UPOS": 93.7, "UAS": 83.0, "LAS": 79.8}}
PARSER |= {"gold tokens": {"UPOS": 95.0, "LAS": 82.25}}
CORPUS: dict[str, Any] = {
    "predicted": ["sentences", "tokens", "tags", "lemmas", "trees", "predicates"],
    "parser": {"name": "bundled", "language": "en", "scores": PARSER, "scored_on": "EWT dev"},
    "predicate_finder": {
        "scores": {
            "V": {"precision": 0.93, "recall": 0.94, "f1": 0.935},
            "N": {"precision": 0.8, "recall": 0.75, "f1": 0.774},
        },
        "data": {"dev": {"name": "EWT-SRL dev"}},
    },
    "coreference": {
        "resolver": "rules",
        "scores": {"conll": 0.412, "muc": {"precision": 0.5, "recall": 0.4, "f1": 0.444}},
        "scored_on": "GUM dev",
    },
}


def letter() -> Document:
    """Two paragraphs: "Ann Lee <script>, can't." and "She saw Ann 's dogs ."; three chains."""
    rows = [("Ann", "PROPN", 3), ("Lee", "PROPN", 0), (SCRIPT, "NOUN", 0), (",", "PUNCT", 3)]
    rows += [("ca", "AUX", -1), ("n't", "PART", 4), (".", "PUNCT", 4)]
    first = replace(_sentence(rows, glued=(2, 5)), multiwords=(MultiwordToken(4, 5, "can't"),))
    rows = [("She", "PRON", 1), ("saw", "VERB", -1), ("Ann", "PROPN", 3), ("'s", "PART", 2)]
    second = _sentence([*rows, ("dogs", "NOUN", 1), (".", "PUNCT", 1)])
    return Document(
        "letter",
        (replace(first, paragraph=0), replace(second, paragraph=1, index=1)),
        None,
        (
            Chain(
                "ann",
                (Mention(0, (0, 1, 2), 0), Mention(1, (0,), 0), Mention(1, (2, 3), 2)),
                (Link(1, 0, "pronoun"), Link(2, 0, "exact")),
            ),
            Chain("alone", (Mention(0, (3,), 3),)),
            Chain("script", (Mention(0, (2,), 2), Mention(1, (2, 3, 4), 4)), (Link(1, 0, SCRIPT),)),
        ),
    )


def _sentence(rows: list[tuple[str, str, int]], glued: tuple[int, ...] = ()) -> Sentence:
    misc = dict.fromkeys(glued, "SpaceAfter=No")
    return Sentence(
        tuple(
            Token(i, form, upos=upos, head=head, deprel="dep", misc=misc.get(i))
            for i, (form, upos, head) in enumerate(rows)
        ),
        document="letter",
    )


def text_run() -> RunTables:
    """The small run as if it were raw text, with that letter as its only document."""
    run = synthetic.small_run()
    manifest = {**run.manifest, "corpus": {**run.manifest["corpus"], **CORPUS}}
    return replace(run, manifest=manifest, documents=(letter(),))
