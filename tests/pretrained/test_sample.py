"""The bundled sample corpus: its form, its counts and the labels it may use."""

from __future__ import annotations

from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from linguagraph.documents import (
    Sentence,
    format_conll09,
    predicate_type,
    read_conll09,
    write_conll09,
)

_DEPRELS = """
    acl acl:relcl advcl advcl:relcl advmod amod appos aux aux:pass case cc ccomp compound
    compound:prt conj cop csubj det det:predet discourse expl fixed iobj mark nmod nmod:desc
    nmod:poss nmod:unmarked nsubj nsubj:outer nsubj:pass nummod obj obl obl:agent obl:unmarked
    parataxis punct root xcomp
"""
DEPRELS = frozenset(_DEPRELS.split())
_ROLES = """
    A0 A1 A2 A3 AM-ADJ AM-ADV AM-CAU AM-CXN AM-DIR AM-DIS AM-EXT AM-GOL AM-LOC AM-LVB AM-MNR
    AM-MOD AM-NEG AM-PRD AM-PRP AM-PRR AM-TMP C-A1 C-AM-CXN R-A0 R-A1 R-AM-LOC
"""
ROLES = frozenset(_ROLES.split())


def _read() -> list[Sentence]:
    with as_file(files("linguagraph.pretrained") / "sample.conll09") as path:
        return list(read_conll09(path))


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return _read()


def _is_projective(heads: list[int]) -> bool:
    """Whether no two arcs cross; arcs from the root (head -1) count, too."""
    arcs = [tuple(sorted(arc)) for arc in enumerate(heads)]
    return not any(a < c < b < d for a, b in arcs for c, d in arcs)


def test_counts(sentences: list[Sentence]) -> None:
    assert len(sentences) == 67
    assert sum(map(len, sentences)) == 1186
    assert sum(len(sentence) >= 30 for sentence in sentences) == 3


def test_every_predicate_type_is_present(sentences: list[Sentence]) -> None:
    types = Counter(
        predicate_type(sentence.tokens[frame.predicate].xpos)
        for sentence in sentences
        for frame in sentence.frames
    )
    assert types == {"V": 172, "N": 44, "J": 18}


def test_every_sentence_is_a_tree_with_one_root(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        roots = [token for token in sentence.tokens if token.head == -1]
        assert len(roots) == 1
        assert all((token.deprel == "root") == (token.head == -1) for token in sentence.tokens)
        for token in sentence.tokens:
            steps, head = 0, token.head
            while head != -1:
                assert head is not None
                assert steps < len(sentence)
                steps, head = steps + 1, sentence.tokens[head].head


def test_every_tree_is_projective(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        heads = [token.head for token in sentence.tokens]
        assert _is_projective([head for head in heads if head is not None]), sentence.forms


def test_dependency_labels_are_exactly_the_listed_ones(sentences: list[Sentence]) -> None:
    assert {token.deprel for sentence in sentences for token in sentence.tokens} == DEPRELS


def test_role_labels_are_exactly_the_listed_ones(sentences: list[Sentence]) -> None:
    labels = {
        role.label for sentence in sentences for frame in sentence.frames for role in frame.roles
    }
    assert labels == ROLES


def test_frames_are_well_formed(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        for frame in sentence.frames:
            assert frame.sense is not None
            name, _, number = frame.sense.rpartition(".")
            assert name
            assert number == "LV" or (number.isdigit() and len(number) == 2)
            assert all(role.token != frame.predicate for role in frame.roles)
            core = [role.label for role in frame.roles if role.label in {"A0", "A1", "A2", "A3"}]
            assert len(core) == len(set(core)), frame.sense


def test_references_stand_beside_what_they_refer_to(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        for frame in sentence.frames:
            labels = {role.label for role in frame.roles}
            for label in labels:
                if label.startswith(("R-", "C-")):
                    assert label[2:] in labels, (sentence.forms, frame.sense)


def test_light_verbs_and_their_nouns_point_at_each_other(sentences: list[Sentence]) -> None:
    pairs = 0
    for sentence in sentences:
        noun_of = {
            frame.predicate: role.token
            for frame in sentence.frames
            for role in frame.roles
            if role.label == "AM-PRR"
        }
        verb_of = {
            role.token: frame.predicate
            for frame in sentence.frames
            for role in frame.roles
            if role.label == "AM-LVB"
        }
        assert noun_of == verb_of
        pairs += len(noun_of)
    assert pairs == 3


def test_function_words_carry_the_fitting_labels(sentences: list[Sentence]) -> None:
    fitting = {
        "TO": {"mark"},
        "MD": {"aux"},
        "POS": {"case"},
        "RP": {"compound:prt"},
        "EX": {"expl"},
        "PRP$": {"nmod:poss"},
        "CC": {"cc"},
        "IN": {"case", "mark", "fixed"},
        ".": {"punct"},
        ",": {"punct"},
    }
    for sentence in sentences:
        for token in sentence.tokens:
            assert token.xpos is not None
            assert token.deprel in fitting.get(token.xpos, DEPRELS), (sentence.forms, token.form)


def test_predicted_columns_repeat_the_gold_ones(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        for token in sentence.tokens:
            other = token.predicted
            assert other is not None
            assert (other.lemma, other.xpos, other.feats, other.head, other.deprel) == (
                *(token.lemma, token.xpos, token.feats, token.head, token.deprel),
            )


def test_round_trip_is_byte_for_byte(sentences: list[Sentence], tmp_path: Path) -> None:
    with as_file(files("linguagraph.pretrained") / "sample.conll09") as path:
        original = path.read_bytes()
    copy = tmp_path / "copy.conll09"
    write_conll09(sentences, copy)
    assert copy.read_bytes() == original
    assert "".join(map(format_conll09, sentences)).encode() == original


def test_first_sentence_reads_as_annotated(sentences: list[Sentence]) -> None:
    first = sentences[0]
    assert first.forms[:5] == ("The", "council", "of", "Marrowport", "decided")
    decide, build = first.frames
    assert decide.sense == "decide.01"
    assert [(first.forms[role.token], role.label) for role in decide.roles] == [
        ("council", "A0"),
        ("spring", "AM-TMP"),
        ("build", "A1"),
    ]
    assert [(first.forms[role.token], role.label) for role in build.roles] == [
        ("council", "A0"),
        ("barrier", "A1"),
        ("mouth", "AM-LOC"),
    ]
