"""How a corpus is read: one frozen value of options, checked."""

from __future__ import annotations

from dataclasses import dataclass

from linguagraph.documents.reading import FORMATS
from linguagraph.errors import ConfigError

__all__ = ["COREFERENCE", "PREDICATES", "TEXT", "Reading"]

TEXT = "text"
COREFERENCE = ("auto", "none", "given", "rules", "stanza")
PREDICATES = "auto"


@dataclass(frozen=True)
class Reading:
    """How a corpus is read.

    Attributes:
        format: a name in :data:`linguagraph.documents.FORMATS`, or ``text``; ``None`` decides by
            suffix.
        limit: sentences.
        skip_bad: leave bad sentences and files out, count them and go on.
        predicted: use the predicted columns of CoNLL-2009.
        parser: ``bundled``, ``stanza``, ``stanza:LANG``, or a folder of model files; ``None`` is
            the bundled one for English without ``stanza_dir``, else Stanza's for ``language``.
        language: ISO code; ``None`` is what the parser is for.
        stanza_dir: folder of Stanza's full models.
        pretokenised, presegmented: text with a sentence a line (its tokens between spaces).
        predicates: ``auto`` finds predicates where the source has none; ``given`` never does;
            otherwise a folder with a predicate finder.
        coreference: ``auto`` takes what is annotated and resolves English text by rules;
            ``none``, ``given``, ``rules`` and ``stanza`` choose.
        documents: CoNLL-U file with the same sentences, which says where documents begin (and
            what corefers): for CoNLL-2009, which knows no documents.
    """

    format: str | None = None
    limit: int | None = None
    skip_bad: bool = False
    predicted: bool = False
    parser: str | None = None
    language: str | None = None
    stanza_dir: str | None = None
    pretokenised: bool = False
    presegmented: bool = False
    predicates: str = PREDICATES
    coreference: str = "auto"
    documents: str | None = None

    def __post_init__(self) -> None:
        known = [*FORMATS, TEXT]
        if self.format is not None and self.format not in known:
            raise ConfigError(f"unknown format {self.format!r}; known formats: {', '.join(known)}")
        if self.coreference not in COREFERENCE:
            raise ConfigError(
                f"coreference={self.coreference!r}; expected one of {', '.join(COREFERENCE)}"
            )
        if self.parser == "bundled" and self.stanza_dir is not None:
            raise ConfigError("--stanza-dir is for Stanza's full models: say --parser stanza:LANG")
        if self.pretokenised and self.presegmented:
            raise ConfigError("pretokenised text is segmented too: choose one of the two options")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"limit is {self.limit}; expected at least 1")
