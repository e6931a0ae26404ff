"""The join of UD trees and PropBank spans: each rule on hand-made documents, then the corpus."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from linguagraph.documents import Frame, Role, SplitReport, convert_ewt_srl, read_conll09
from linguagraph.documents.propbank import Proposition, Span, read_standoff
from linguagraph.errors import DocumentError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

# word, upos, xpos, head, deprel; PropBank: tag, sense, spans
WORDS = """
1 Ann PROPN NNP 3 nsubj
2 has AUX VBZ 3 aux
3 had VERB VBN 0 root
4 ( PUNCT -LRB- 6 punct
5 old ADJ JJ 6 amod
6 plans NOUN NNS 3 obj
7 who PRON WP 9 nsubj
8 may AUX MD 9 aux
9 win VERB VB 6 acl:relcl
"""
SKELETON = """
NNP - * (ARG0*) (ARG0*) (ARG0*)
VBZ have.01 (V*) (ARGM-TMP*) * *
VBN have.03 * (V*) * *
-LRB- - * (ARG1* * *
JJ - * * (ARGM-ADJ*) *
NN plan.01 * *) (V*) (ARG1*)
WP - * (C-V*) (C-ARG1* (R-ARG1*)
MD - * * *) (ARGM-MOD*)
VB win.01 * * * (V*)
"""


def ud(text: str, name: str) -> str:
    rows = [row.split() for row in text.strip().split("\n")]
    lines = ["\t".join([r[0], r[1], r[1].lower(), r[2], r[3], "_", *r[4:], "_", "_"]) for r in rows]
    return f"# newdoc id = {name}\n" + "\n".join(lines) + "\n\n"


def skeleton(text: str) -> bytes:
    lines = []
    for number, row in enumerate(text.strip().split("\n")):
        tag, sense, *cells = row.split()
        lines.append(f"f.xml 0 {number} [WORD] {tag} (X*) - {sense} {' '.join(cells)}")
    return ("\n".join(lines) + "\n\n").encode()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """UD files under ``ud/`` and the stand-off tree under ``pb/``."""
    (tmp_path / "ud").mkdir()
    (tmp_path / "ud" / "train.conllu").write_text(ud(WORDS, "email-a") + ud(WORDS, "email-none"))
    (tmp_path / "ud" / "en_ewt-ud-dev.conllu").write_text(ud("1 Go VERB VB 0 root", "email-b"))
    add(tmp_path, "a", skeleton(SKELETON))
    add(tmp_path, "b", skeleton("NFP - *\nVB be.03 (V*)"))
    add(tmp_path, "other", skeleton("NN - "))
    return tmp_path


def add(root: Path, name: str, content: bytes) -> None:
    folder = root / "pb" / "data" / "google" / "ewt" / "email" / "00"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.xml.gold_skel").write_bytes(content)


def test_roles_sit_on_the_heads_of_their_spans(corpus: Path) -> None:
    report = convert_ewt_srl(corpus / "ud", corpus / "pb", corpus / "out" / "new")
    (sentence,) = read_conll09(corpus / "out" / "new" / "train.conll09")
    assert sentence.frames == (
        Frame(2, "have.03", (Role(0, "A0"), Role(1, "AM-TMP"), Role(5, "A1"))),
        Frame(5, "plan.01", (Role(0, "A0"), Role(4, "AM-ADJ"), Role(6, "C-A1"))),
        Frame(8, "win.01", (Role(0, "A0"), Role(5, "A1"), Role(6, "R-A1"), Role(7, "AM-MOD"))),
    )
    train, dev = report.splits
    assert train == SplitReport(
        name="train",
        documents=1,
        sentences=1,
        tokens=9,
        predicates=(("V", 2), ("N", 1), ("J", 0), ("O", 0)),
        arguments=10,
        lost=(
            ("auxiliary predicates", 1),
            ("documents without a stand-off file", 1),
            ("sentences without a stand-off file", 1),
        ),
    )
    assert dev.lost == (("auxiliary predicates", 1), ("stand-off tokens without a UD word", 1))
    assert (dev.sentences, dev.arguments, report.unused_documents) == (1, 0, 1)


def test_predicted_columns_repeat_the_gold_ones(corpus: Path) -> None:
    convert_ewt_srl(corpus / "ud", corpus / "pb", corpus / "out")
    first = (corpus / "out" / "train.conll09").read_text().split("\n")[0]
    assert first.replace("\t", " ") == "1 Ann ann ann NNP NNP _ _ 3 3 nsubj nsubj _ _ A0 A0 A0"


def test_what_is_lost_is_counted_by_reason(corpus: Path) -> None:
    """Two sentences in UD, one in PropBank, and a tag that only PropBank has."""
    two = ud("1 Go VERB VB 0 root\n2 on ADP RP 1 x", "email-a") + ud(
        "1 , PUNCT , 2 punct\n2 now ADV RB 0 root\n3 , PUNCT , 2 punct", "email-a"
    ).replace("# newdoc id = email-a\n", "")
    (corpus / "ud" / "train.conllu").write_text(two)
    rows = (
        "VB go.01 (V*) (ARG0*) *\n"
        "SYM lose.01 (ARG0*) (V*) *\n"
        "RP go.02 (ARG1* * (V*)\n"
        ", - * * (ARG1*\n"
        "RB - *) * *\n"
        ", - (ARG2*) * *)\n"
    )
    add(corpus, "a", skeleton(rows))
    report = convert_ewt_srl(corpus / "ud", corpus / "pb", corpus / "out")
    first, second = read_conll09(corpus / "out" / "train.conll09")
    assert first.frames == (Frame(0, "go.01", (Role(1, "A1"),)), Frame(1, "go.02"))
    assert second.frames == ()
    assert dict(report.splits[0].lost) == {
        "arguments in another sentence": 2,
        "arguments of predicates without a UD word": 1,
        "arguments without a UD word": 1,
        "predicates without a UD word": 1,
        "stand-off tokens without a UD word": 1,
    }


def test_punctuation_is_the_last_to_be_a_head(corpus: Path) -> None:
    words = "1 , PUNCT , 3 punct\n2 so ADV RB 3 advmod\n3 do VERB VB 0 root\n4 it PRON PRP 3 obj"
    (corpus / "ud" / "train.conllu").write_text(ud(words, "email-a"))
    rows = ", - (ARG1*\nRB - *)\nVB do.02 (V*)\nPRP - (ARGA*)"
    add(corpus, "a", skeleton(rows))
    convert_ewt_srl(corpus / "ud", corpus / "pb", corpus / "out")
    (sentence,) = read_conll09(corpus / "out" / "train.conll09")
    assert sentence.frames == (Frame(2, "do.02", (Role(1, "A1"), Role(3, "AA"))),)


@pytest.mark.parametrize("mode", ["w", "w:xz", "w:gz"])
def test_archives_are_read_like_trees(corpus: Path, mode: str) -> None:
    (corpus / "packed").mkdir()
    path = corpus / "packed" / f"pb.tar{mode[1:].replace(':', '.')}"
    with tarfile.open(path, mode) as archive:
        archive.add(corpus / "pb", "../../pb")
        link = tarfile.TarInfo("data/google/ewt/email/00/evil.xml.gold_skel")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    before = sorted(corpus.rglob("*"))
    direct = {document.id: document for document in read_standoff(corpus / "pb")}
    for source in (path, path.parent):
        assert {document.id: document for document in read_standoff(source)} == direct
    assert sorted(corpus.rglob("*")) == before
    assert set(direct) == {"email-a", "email-b", "email-other"}
    assert direct["email-a"].propositions[0] == Proposition(1, "have.01", (Span("V", 1, 1),))


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"f 0 0 [WORD] NN\n", 1, "5 columns; expected at least 8"),
        (skeleton("NN a.01 (V*) *"), 1, "10 columns; expected 8 and one for each"),
        (skeleton("NN a.01 (V*"), 1, "the span V has no end"),
        (skeleton("NN a.01 *)"), 1, r"'\*\)'; expected spans"),
        (skeleton("NN a.01 (V*\nNN - (A*)"), 2, r"'\(A\*\)'; expected spans"),
        (skeleton("NN - \nNN a.01 ?").replace(b"(X*) - - \n", b"(X*) - - *\n"), 2, r"'\?'"),
        (b"\xff", None, "byte 0 is not UTF-8"),
    ],
)
def test_damaged_standoff_files(
    corpus: Path, content: bytes, line: int | None, message: str
) -> None:
    add(corpus, "a", content)
    with pytest.raises(DocumentError, match=message) as caught:
        convert_ewt_srl(corpus / "ud", corpus / "pb", corpus / "out")
    assert caught.value.line == line
    assert not (corpus / "out").exists()


def test_missing_or_damaged_inputs(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(
        DocumentError, match=r"no train file of UD_English-EWT; expected train\.con"
    ):
        convert_ewt_srl(corpus, corpus / "pb", out)
    with pytest.raises(DocumentError, match="no such file or directory"):
        convert_ewt_srl(corpus / "ud", corpus / "none", out)
    with pytest.raises(DocumentError, match=r"no \*.gold_skel files and 0 tar archives"):
        convert_ewt_srl(corpus / "ud", corpus / "ud", out)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        archive.add(corpus / "pb", "pb")
    for content in (b"no archive at all", buffer.getvalue()[:-60]):
        (corpus / "x.tar.xz").write_bytes(content)
        with pytest.raises(DocumentError, match="not a tar archive, or damaged or cut off"):
            convert_ewt_srl(corpus / "ud", corpus / "x.tar.xz", out)
    with tarfile.open(corpus / "y.tar", "w") as archive:
        archive.add(corpus / "ud", "ud")
    with pytest.raises(DocumentError, match=r"no ewt/GENRE/00/DOC\.xml\.gold_skel files"):
        convert_ewt_srl(corpus / "ud", corpus / "y.tar", out)
    (corpus / "file").write_text("x")
    with pytest.raises(DocumentError, match="cannot be made"):
        convert_ewt_srl(corpus / "ud", corpus / "pb", corpus / "file")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not there")
def test_the_whole_corpus_comes_out_byte_for_byte(tmp_path: Path) -> None:
    report = convert_ewt_srl(SHARED / "ud-ewt", SHARED / "propbank-ewt", tmp_path)
    for name in ("train", "dev"):
        made = (tmp_path / f"{name}.conll09").read_bytes()
        assert made == (SHARED / "ewt-srl" / f"{name}.conll09").read_bytes()
    train, dev = report.splits
    assert (train.sentences, train.tokens, train.arguments) == (12544, 204577, 81386)
    assert train.predicates == (("V", 26540), ("N", 7072), ("J", 2220), ("O", 13))
    assert (dev.sentences, dev.arguments) == (1973, 9578)
    assert sum(count for _, count in dev.predicates) == 4411
    assert report.unused_documents == 0
