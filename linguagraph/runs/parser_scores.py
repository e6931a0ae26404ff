"""A folder of parser models and a treebank -> F1 by metric, on raw text and on gold tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from linguagraph.documents.conllu import format_conllu
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.reading import read_documents
from linguagraph.documents.records import Document, Sentence
from linguagraph.documents.stanza_parser import load_parser
from linguagraph.documents.stanza_training import conll_scores
from linguagraph.runs.stanza_commands import options, stanza_command

__all__ = ["raw_text", "score_parser"]

TOKENISATION = ("Tokens", "Sentences", "Words")


def score_parser(
    folder: Path, dev: Path, *, language: str, work: Path, threads: int = 1
) -> dict[str, Any]:
    """F1 in percent with the CoNLL 2018 evaluation.

    Args:
        folder: models as :func:`linguagraph.runs.parser_training.train_parser_run` leaves them.
        dev: treebank in CoNLL-U.
        language: ISO code.
        work: folder for intermediate files.
        threads: processor threads.

    Returns:
        ``{"raw text": {...}, "gold tokens": {...}}``: nothing but the text is given; or the gold
        words, with predicted tags, lemmas and trees.
    """
    work.mkdir(parents=True, exist_ok=True)
    parser = load_parser(str(folder), language=language)
    texts = (raw_text(document) for document in read_documents(dev, format="conllu"))
    parsed = "".join(
        format_conllu(sentence)
        for document in parser.parse(texts)
        for sentence in document.sentences
    )
    found = dev
    for module, name in (("tagger", "tagger"), ("lemmatizer", "lemmatizer"), ("parser", "parser")):
        target = work / f"scored_{name}.conllu"
        values = {
            "shorthand": f"{language}_own",
            "eval_file": found,
            "output_file": target,
            "save_dir": folder,
            "save_name": f"{name}.pt",
        }
        argv = ["--mode", "predict", "--cpu", *options(values)]
        argv += ["--no_pretrain", "--lang", language] if name != "lemmatizer" else []
        log = work / f"score_{name}.log"
        stanza_command(f"stanza.models.{module}", argv, log=log, threads=threads)
        found = target
    tagged = conll_scores(dev, found.read_text(encoding="utf-8"))
    return {
        "raw text": conll_scores(dev, parsed),
        "gold tokens": {k: v for k, v in tagged.items() if k not in TOKENISATION},
    }


def raw_text(document: Document) -> RawDocument:
    """The running text of an annotated document: a blank line between paragraphs.

    Sentences are joined by a space unless their last token says ``SpaceAfter=No``.
    """
    paragraphs: list[str] = []
    glue = ""
    for position, sentence in enumerate(document.sentences):
        text = sentence.text or " ".join(sentence.forms)
        if position == 0 or any(c.startswith("# newpar") for c in sentence.comments):
            paragraphs.append(text)
        else:
            paragraphs[-1] += glue + text
        glue = "" if _no_space(sentence) else " "
    return RawDocument(document.id, "\n\n".join(paragraphs) + "\n")


def _no_space(sentence: Sentence) -> bool:
    if not sentence.tokens:
        return False
    last = sentence.tokens[-1]
    misc = last.misc or ""
    for span in sentence.multiwords:
        if span.last == last.index:
            misc = span.columns[-1] if span.columns else ""
    return "SpaceAfter=No" in misc.split("|")
