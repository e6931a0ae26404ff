"""UD_English-EWT trees and PropBank's EWT stand-off roles -> CoNLL-2009 files and a loss report.

The words, lemmas, tags, features and trees are those of UD; the predicates and roles are
PropBank's. The rules:

* A UD document and its stand-off file are aligned by their tag sequences: common runs, found by
  :class:`difflib.SequenceMatcher`, and differing runs of equal length between them, word by word.
* A role sits on the syntactic head of its span: the token of the span whose head lies outside it,
  the first of several, punctuation last.
* Auxiliary predicates (have.01, be.03, do.01, get.03 on a word that UD tags AUX, or without a
  numbered argument) are dropped. V and C-V are not roles.
* The alignment is one to one and a predicate's spans do not overlap, so that a word gets at most
  one predicate, and one role of it.
* UD documents without a stand-off file are left out, and counted.
* ARGn becomes An, ARGM-X becomes AM-X; R- and C- stay. The P-columns repeat the gold ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from linguagraph.documents.conll09 import write_conll09
from linguagraph.documents.propbank import Proposition, StandoffDocument, read_standoff
from linguagraph.documents.reading import read_documents
from linguagraph.documents.records import (
    Analysis,
    Document,
    Frame,
    Role,
    Sentence,
    Token,
    predicate_type,
)
from linguagraph.errors import DocumentError

__all__ = ["SPLITS", "ConversionReport", "SplitReport", "convert_ewt_srl"]

SPLITS: dict[str, tuple[str, ...]] = {
    "train": ("train.conllu", "en_ewt-ud-train.conllu"),
    "dev": ("dev.conllu", "en_ewt-ud-dev.conllu"),
}
"""The parts of the corpus, and the names under which UD or a copy of it may hold them."""

_AUXILIARY_SENSES = frozenset({"have.01", "be.03", "do.01", "get.03"})
_NOT_ROLES = frozenset({"V", "C-V"})


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What one file was made from, and what was lost.

    Attributes:
        name: ``train`` or ``dev``.
        documents, sentences, tokens: how many were written.
        predicates: how many were written, by type (``V``, ``N``, ``J``, ``O``).
        arguments: how many roles were written.
        lost: counts by reason; the reason names what is counted.
    """

    name: str
    documents: int
    sentences: int
    tokens: int
    predicates: tuple[tuple[str, int], ...]
    arguments: int
    lost: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """The splits that were written, and how many stand-off documents belong to none of them."""

    splits: tuple[SplitReport, ...]
    unused_documents: int


def convert_ewt_srl(ud: str | Path, propbank: str | Path, out: str | Path) -> ConversionReport:
    """Write ``train.conll09`` and ``dev.conll09`` into ``out``, by the rules above.

    Held in memory: the tags and spans of all stand-off documents, and one UD document.

    Args:
        ud: directory with the CoNLL-U files of UD_English-EWT (see :data:`SPLITS`).
        propbank: the PropBank release or a part of it (see
            :func:`linguagraph.documents.propbank.read_standoff`).
        out: directory for the results, made if need be.

    Raises:
        DocumentError: a file is missing, or cannot be read or written.
    """
    sources = {name: _source(Path(ud), name, files) for name, files in SPLITS.items()}
    standoff = {document.id: document for document in read_standoff(propbank)}
    target = Path(out)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentError(f"cannot be made ({error.strerror})", path=target) from error
    used: set[str] = set()
    reports = []
    for name, source in sources.items():
        count: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        sentences = _convert(source, standoff, used, count, lost)
        write_conll09(sentences, target / f"{name}.conll09")
        reports.append(_report(name, count, lost))
    return ConversionReport(tuple(reports), len(standoff.keys() - used))


def _source(folder: Path, split: str, names: Sequence[str]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DocumentError(
        f"no {split} file of UD_English-EWT; expected {' or '.join(names)}", path=folder
    )


def _report(name: str, count: Counter[str], lost: Counter[str]) -> SplitReport:
    return SplitReport(
        name=name,
        documents=count["documents"],
        sentences=count["sentences"],
        tokens=count["tokens"],
        predicates=tuple((kind, count[kind]) for kind in "VNJO"),
        arguments=count["arguments"],
        lost=tuple(sorted((reason, number) for reason, number in lost.items() if number)),
    )


def _convert(
    source: Path,
    standoff: dict[str, StandoffDocument],
    used: set[str],
    count: Counter[str],
    lost: Counter[str],
) -> Iterator[Sentence]:
    """Yield the joined sentences of one split; fill ``used``, ``count`` and ``lost`` on the way."""
    for document in read_documents(source):
        roles = standoff.get(document.id)
        if roles is None:
            lost["documents without a stand-off file"] += 1
            lost["sentences without a stand-off file"] += len(document.sentences)
            continue
        used.add(document.id)
        count["documents"] += 1
        for sentence in _join(document, roles, lost):
            count["sentences"] += 1
            count["tokens"] += len(sentence)
            for frame in sentence.frames:
                count[predicate_type(sentence.tokens[frame.predicate].xpos)] += 1
                count["arguments"] += len(frame.roles)
            yield sentence


def _join(document: Document, roles: StandoffDocument, lost: Counter[str]) -> Iterator[Sentence]:
    """Yield the sentences of a document with the frames that its stand-off file gives them."""
    places = [
        (sentence, token)
        for sentence, other in enumerate(document.sentences)
        for token in range(len(other))
    ]
    tags = [document.sentences[s].tokens[t].xpos or "_" for s, t in places]
    aligned = _align(roles.tags, tags)
    lost["stand-off tokens without a UD word"] += len(roles.tags) - len(aligned)
    at = {source: places[target] for source, target in aligned.items()}
    frames: list[dict[int, Frame]] = [{} for _ in document.sentences]
    for proposition in roles.propositions:
        place = at.get(proposition.predicate)
        if place is None:
            lost["predicates without a UD word"] += 1
            lost["arguments of predicates without a UD word"] += sum(
                span.label not in _NOT_ROLES for span in proposition.spans
            )
            continue
        number, predicate = place
        sentence = document.sentences[number]
        if _is_auxiliary(proposition, sentence.tokens[predicate]):
            lost["auxiliary predicates"] += 1
        else:
            found = _roles(proposition, sentence, number, at, lost)
            frames[number][predicate] = Frame(predicate, proposition.sense, found)
    for sentence, own in zip(document.sentences, frames, strict=True):
        yield _with_frames(sentence, [own[predicate] for predicate in sorted(own)])


def _align(source: Sequence[str], target: Sequence[str]) -> dict[int, int]:
    """Positions in ``source`` -> positions in ``target``, both of them tag sequences."""
    aligned: dict[int, int] = {}
    matcher = SequenceMatcher(None, target, source, autojunk=False)
    for _, start, end, first, last in matcher.get_opcodes():
        if last - first == end - start:
            aligned.update(zip(range(first, last), range(start, end), strict=True))
    return aligned


def _is_auxiliary(proposition: Proposition, word: Token) -> bool:
    if proposition.sense not in _AUXILIARY_SENSES:
        return False
    numbered = any(s.label.startswith("ARG") and s.label[3:4].isdigit() for s in proposition.spans)
    return word.upos == "AUX" or not numbered


def _roles(
    proposition: Proposition,
    sentence: Sentence,
    number: int,
    at: dict[int, tuple[int, int]],
    lost: Counter[str],
) -> tuple[Role, ...]:
    labels: dict[int, str] = {}
    for span in proposition.spans:
        if span.label in _NOT_ROLES:
            continue
        places = [at[token] for token in range(span.first, span.last + 1) if token in at]
        words = [word for where, word in places if where == number]
        if not words:
            reason = "in another sentence" if places else "without a UD word"
            lost[f"arguments {reason}"] += 1
            continue
        labels[_span_head(sentence, words)] = span.label.replace("ARGM", "AM", 1).replace(
            "ARG", "A", 1
        )
    return tuple(Role(token, labels[token]) for token in sorted(labels))


def _span_head(sentence: Sentence, words: Sequence[int]) -> int:
    inside = set(words)
    heads = [word for word in words if sentence.tokens[word].head not in inside]
    return min(heads, key=lambda word: (sentence.tokens[word].upos == "PUNCT", word))


def _with_frames(sentence: Sentence, frames: Sequence[Frame]) -> Sentence:
    tokens = tuple(
        Token(
            index=token.index,
            form=token.form,
            lemma=token.lemma,
            xpos=token.xpos,
            feats=token.feats,
            head=token.head,
            deprel=token.deprel,
            predicted=Analysis(token.lemma, token.xpos, token.feats, token.head, token.deprel),
        )
        for token in sentence.tokens
    )
    return Sentence(tokens, tuple(frames), document=sentence.document, index=sentence.index)
