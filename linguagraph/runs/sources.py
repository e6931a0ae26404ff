"""What the command line names as CORPUS -> documents, with what in them is predicted and by what.

An annotated file is read as it is; text is parsed; predicates and coreference are added where the
source has none. Documents come one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.corefud import read_corefud
from linguagraph.documents.joining import join_documents
from linguagraph.documents.reading import FORMATS, read_documents, read_sentences
from linguagraph.documents.records import Document
from linguagraph.documents.resolver.resolve import known_scores, resolve
from linguagraph.documents.text import (
    STDIN,
    SUFFIXES,
    TextFile,
    find_texts,
    fingerprint_texts,
    read_texts,
)
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.files import fingerprint
from linguagraph.runs.reading import PREDICATES, TEXT, Reading

__all__ = ["Reading", "Source", "open_source"]

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """A corpus that can be read.

    Attributes:
        reading: how.
        name: for people.
        format: name of its format.
        key: fingerprint of its bytes.
        path: the file or folder; ``None`` is standard input.
        files: the texts; empty for an annotated file.
        parts: number of documents, where known before reading.
        bad: parts of a folder that could not be listed.
    """

    reading: Reading
    name: str
    format: str
    key: str
    path: Path | None
    files: tuple[TextFile, ...] = ()
    parts: int | None = None
    bad: int = 0
    loaded: dict[str, Any] = field(default_factory=dict)

    @property
    def knows_documents(self) -> bool:
        """Whether sentences come in documents."""
        return self.format in (TEXT, "conllu") or self.reading.documents is not None

    @property
    def size(self) -> int | None:
        """Bytes of all texts, which is about their characters; ``None`` where nothing is parsed."""
        sizes = [len(f.data or b"") if f.path is None else _bytes(f.path) for f in self.files]
        return sum(sizes) if sizes else None

    @property
    def is_text(self) -> bool:
        """Whether there is something to parse."""
        return self.format == TEXT

    def documents(
        self,
        *,
        done: Container[str] = (),
        on_bad: OnBad | None = None,
        warn: Warn = lambda message: None,
        tick: Callable[[int], None] = lambda characters: None,
    ) -> Iterator[Document]:
        """Documents in order, complete: parsed, with predicates and chains.

        Args:
            done: ids of texts that need not be parsed again; they are left out.
            on_bad: called with the error of each bad sentence or file, which is then left out.
            warn: receives what a person should know.
            tick: told of the number of characters that were parsed.
        """
        found = self._texts(done, on_bad, warn, tick) if self.is_text else self._annotated(on_bad)
        found = self._with_chains(found)
        return self._with_predicates(found) if self.finds_predicates else found

    def _texts(
        self,
        done: Container[str],
        on_bad: OnBad | None,
        warn: Warn,
        tick: Callable[[int], None],
    ) -> Iterator[Document]:
        raw = read_texts(
            self.files,
            pretokenised=self.reading.pretokenised,
            presegmented=self.reading.presegmented,
            on_bad=on_bad,
            on_warning=warn,
        )
        left = (document for document in raw if document.id not in done)
        parsed: Iterator[Document] = self.parser().parse(left, on_bad=on_bad, tick=tick)
        return parsed

    def _annotated(self, on_bad: OnBad | None) -> Iterator[Document]:
        assert self.path is not None
        if self.reading.documents is not None:
            sentences = read_sentences(
                self.path,
                format=self.format,
                on_bad=on_bad,
                predicted=self.reading.predicted,
                limit=self.reading.limit,
            )
            chains = {"stanza": "none"}.get(self.coreference, self.coreference)
            return join_documents(sentences, self.reading.documents, coreference=chains)
        if self.coreference == "given":
            return read_corefud(self.path, on_bad=on_bad)
        return read_documents(
            self.path,
            format=self.format,
            on_bad=on_bad,
            predicted=self.reading.predicted,
            limit=self.reading.limit,
        )

    @property
    def coreference(self) -> str:
        """Where chains come from: ``none``, ``given``, ``rules`` or ``stanza``."""
        asked = self.reading.coreference
        if asked == "auto":
            if self.is_text:
                return "rules" if self.language == "en" else "none"
            if self.reading.documents is not None:
                return "given" if _has_entities(Path(self.reading.documents)) else "rules"
            return "given" if _has_entities(self.path) else "none"
        if asked == "rules" and self.language != "en":
            raise ConfigError(
                f"the coreference rules are for English, not {self.language!r}; say --coreference "
                "none, or stanza where you have a model"
            )
        return asked

    @property
    def finds_predicates(self) -> bool:
        """Whether predicates are predicted."""
        if self.reading.predicates == "given":
            return False
        if self.reading.predicates == PREDICATES and self.language != "en":
            return False
        return self.reading.predicates != PREDICATES or self.format in (TEXT, "conllu")

    @property
    def language(self) -> str:
        """ISO code of the language: as asked, else the parser's, else English."""
        own = self.parser().language if self.is_text else "en"
        return self.reading.language or str(own)

    def parser(self) -> Any:
        """The parser, loaded at the first call."""
        if "parser" not in self.loaded:
            from linguagraph.documents.stanza_parser import load_parser

            self.loaded["parser"] = load_parser(
                self.reading.parser,
                language=self.reading.language,
                stanza_dir=self.reading.stanza_dir,
            )
        return self.loaded["parser"]

    def _resolver(self) -> Any:
        if "resolver" not in self.loaded:
            from linguagraph.documents.stanza_resolver import load_resolver

            language = self.reading.language or (self.parser().language if self.is_text else "en")
            self.loaded["resolver"] = load_resolver(language, stanza_dir=self.reading.stanza_dir)
        return self.loaded["resolver"]

    def _finder(self) -> tuple[Any, dict[str, Any]]:
        if "finder" not in self.loaded:
            from linguagraph.runs.predicates import BUNDLED_FINDER, load_predicate_finder

            asked = self.reading.predicates
            name = BUNDLED_FINDER if asked == PREDICATES else asked
            self.loaded["finder"] = load_predicate_finder(name, device="cpu")
        found: tuple[Any, dict[str, Any]] = self.loaded["finder"]
        return found

    def _with_predicates(self, documents: Iterator[Document]) -> Iterator[Document]:
        from linguagraph.models.predicates import find_predicates

        finder, _ = self._finder()
        for document in documents:
            sentences = tuple(find_predicates(document.sentences, finder))
            yield replace(document, sentences=sentences)

    def _with_chains(self, documents: Iterator[Document]) -> Iterator[Document]:
        how = self.coreference
        joined = self.reading.documents is not None
        for document in documents:
            if joined and how != "stanza":  # their chains came with them
                yield document
            elif how == "rules":
                yield resolve(document)
            elif how == "stanza":
                yield self._resolver()(document)
            elif how == "none" and document.chains:
                yield replace(document, chains=())
            else:
                yield document

    def facts(self) -> dict[str, Any]:
        """What is predicted, and the accuracy of what predicted it, for manifest and report."""
        predicted = []
        facts: dict[str, Any] = {}
        if self.is_text:
            given = self.reading
            predicted = [] if given.pretokenised or given.presegmented else ["sentences"]
            predicted += [] if given.pretokenised else ["tokens"]
            predicted += ["tags", "lemmas", "trees"]
            facts["parser"] = self.parser().facts()
        elif self.reading.predicted:
            predicted = ["tags", "lemmas", "trees"]
        if self.finds_predicates:
            predicted.append("predicates")
            facts["predicate_finder"] = _finder_facts(self._finder()[1], parsed=self.is_text)
        if self.coreference in ("rules", "stanza"):
            predicted.append("coreference")
            rules = self.coreference == "rules"
            facts["coreference"] = (
                _rules() if rules else {"resolver": f"Stanza {self._resolver().package}"}
            )
        return facts | {"predicted": predicted}


def _finder_facts(record: dict[str, Any], *, parsed: bool) -> dict[str, Any]:
    """Name and accuracy of a predicate finder, on predicted trees where it reads such."""
    measured = record.get("scores_on_predicted_trees") if parsed else None
    chosen = measured or record
    scores = {k: v for k, v in chosen.get("scores", {}).items() if k != "O"}  # a handful of cases
    on = chosen.get("scored_on") or record.get("data", {}).get("dev", {}).get("name")
    names = ("name", "fingerprint", "licence")
    return {k: record.get(k) for k in names} | {"scores": scores, "scored_on": on}


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _rules() -> dict[str, Any]:
    known = known_scores()
    held_out = 100 * known["held_out"]["conll"]
    return {
        "resolver": known["resolver"],
        "scores": known["overall"],
        "scored_on": f"{known['corpus']}, {known['trees']} trees, {known['documents']} documents; "
        f"rules were chosen on half of them, and the other half alone gives {held_out:.1f} CoNLL",
    }


def open_source(corpus: str | Path, reading: Reading, *, on_bad: OnBad | None = None) -> Source:
    """Find out what a corpus is.

    Args:
        corpus: an annotated file; a text file, a folder of text files, a pattern, or ``-``.
        reading: how to read it.
        on_bad: called with the error of each part of a folder that cannot be listed.

    Raises:
        ConfigError: options that exclude each other.
        DocumentError: there is nothing to read.
    """
    name, path = str(corpus), Path(corpus)
    if name != STDIN and path.is_file() and reading.format != TEXT:
        format = reading.format or _by_suffix(path)
        if format != TEXT:
            marked = [path] if reading.documents is None else [path, Path(reading.documents)]
            for file in marked[1:]:
                if not file.is_file():
                    raise DocumentError("no such file; give the documents in CoNLL-U", path=file)
            return Source(reading, path.name, format, fingerprint(*marked), path)
    elif reading.format not in (None, TEXT):
        what = "this is a directory" if path.is_dir() else "no such file"
        raise DocumentError(f"{what}; give one annotated file", path=path)
    if reading.documents is not None:
        raise ConfigError("--documents is for an annotated corpus; text has its own documents")
    if reading.coreference == "given":
        raise ConfigError("text has no annotated coreference; say --coreference rules or none")
    bad: list[DocumentError] = []

    def note(error: DocumentError) -> None:
        bad.append(error)
        if on_bad is not None:
            on_bad(error)

    files = find_texts(name, on_bad=note)
    annotated = {suffix for known in FORMATS.values() for suffix in known.suffixes}
    for text in files if reading.format != TEXT else ():
        if text.path is not None and text.path.suffix.lower() in annotated:
            raise ConfigError(
                f"{text.path} looks like an annotated corpus; give such files one at a time, or "
                "say --format text to read them as plain text"
            )
    return Source(
        reading,
        "standard input" if name == STDIN else path.name or name,
        TEXT,
        fingerprint_texts(files),
        None if name == STDIN else path,
        files,
        len(files),
        bad=len(bad),
    )


def _by_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    for name, known in FORMATS.items():
        if suffix in known.suffixes:
            return name
    if suffix in (*SUFFIXES, ""):
        return TEXT
    listed = "; ".join(f"{name} ({', '.join(f.suffixes)})" for name, f in FORMATS.items())
    raise ConfigError(
        f"{path}: suffix {suffix!r} names no known format; say --format text if it is plain text, "
        f"or one of: {listed}"
    )


def _has_entities(path: Path | None) -> bool:
    """Whether a CoNLL-U file declares ``global.Entity``; it does so at its first document."""
    if path is None or path.suffix.lower() != ".conllu":
        return False
    try:
        with open(path, encoding="utf-8") as lines:
            return any(line.startswith("# global.Entity") for line in islice(lines, 200))
    except (OSError, UnicodeDecodeError):
        return False
