"""Any bytes give sentences or a DocumentError; any valid sentence comes back from its file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from linguagraph.documents import (
    FORMATS,
    Analysis,
    EmptyNode,
    Frame,
    MultiwordToken,
    Role,
    Sentence,
    Token,
    read_documents,
    read_sentences,
    write_sentences,
)
from linguagraph.documents.trees import find_cycle
from linguagraph.errors import DocumentError

BOUNDED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)

PIECES = [
    *(b"1", b"2", b"0", b"_", b"Y", b"\t", b"\t", b"\t", b"\n", b"\n\n", b"#", b"-", b".", b" "),
    *(b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"# newdoc id = x\n", b"# newdoc\n"),
    *(b"# global.columns = ID FORM HEAD X\n", b"# global.columns = FORM\n", b"9" * 4400),
    b"1\ta\t_\t_\t_\t_\t0\t_\t_\t_\n",
    b"2\tb\t_\t_\t_\t_\t1\t_\t_\t_\n",
    b"1-2\tb\t_\t_\t_\t_\t_\t_\t_\t_\n",
    b"1.1\tb\t_\t_\t_\t_\t_\t_\t_\t_\n",
    b"1\ta\t0\t_\n",
    b"2-3\ta\t0\t_\n",
    b"1\ta\t_\t_\t_\t_\t_\t_\t0\t0\t_\t_\t_\t_\n",
    b"1\ta\t_\t_\t_\t_\t_\t_\t0\t0\t_\t_\tY\ta.01\tA1\n",
    b"2\ta\t_\t_\t_\t_\t_\t_\t1\t0\t_\t_\t_\t_\tA0\n",
]


def read_bytes(content: bytes, name: str) -> tuple[list[Sentence], list[DocumentError]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(content)
        errors: list[DocumentError] = []
        try:
            sentences = list(read_sentences(path, format=name, on_bad=errors.append))
        except DocumentError as error:
            return [], [error]
        if errors:
            with pytest.raises(DocumentError) as caught:
                list(read_sentences(path, format=name))
            assert str(caught.value) == str(errors[0])
        else:
            assert list(read_sentences(path, format=name)) == sentences
        documents = read_documents(path, format=name, on_bad=lambda error: None)
        assert [s for document in documents for s in document.sentences] == sentences
        return sentences, errors


def check_any_bytes(content: bytes) -> None:
    for name in FORMATS:
        sentences, errors = read_bytes(content, name)
        assert sentences or errors
        assert [sentence.index for sentence in sentences] == list(range(len(sentences)))
        if sentences:
            assert_round_trip(sentences, name)


def assert_round_trip(sentences: list[Sentence], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        try:
            write_sentences(sentences, path, format=name)
        except DocumentError as error:  # a .conllu file that declares columns of its own
            if name != "conllu" or "write it as CoNLL-U Plus" not in str(error):
                raise
            return
        once = path.read_bytes()
        again = list(read_sentences(path, format=name))
        assert [s.tokens for s in again] == [s.tokens for s in sentences]
        assert [s.frames for s in again] == [s.frames for s in sentences]
        assert [s.multiwords for s in again] == [s.multiwords for s in sentences]
        assert [s.empty_nodes for s in again] == [s.empty_nodes for s in sentences]
        write_sentences(again, path, format=name)
        assert path.read_bytes() == once


@BOUNDED
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    check_any_bytes(content)


@example(b"# global.columns = ID FORM HEAD X\n1\ta\t0\t_\n")
@BOUNDED
@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_any_bytes_that_look_like_a_corpus(content: bytes) -> None:
    check_any_bytes(content)


VALUES = st.text(
    st.characters(codec="utf-8", exclude_characters="\t\n\r\0"), min_size=1, max_size=6
)
OPTIONAL = st.none() | VALUES.filter(lambda value: value != "_")


@st.composite
def trees(draw: Callable[..., object], size: int, roots: int) -> list[int | None]:
    """Heads of ``size`` tokens without a cycle, or none at all."""
    if draw(st.booleans()):
        return [None] * size
    order = draw(st.permutations(range(size)))
    heads: list[int | None] = [None] * size
    for place, token in enumerate(order):
        if place == 0 or (roots > 1 and draw(st.booleans())):
            heads[token] = -1
        else:
            heads[token] = order[draw(st.integers(0, place - 1))]
    return heads


@st.composite
def analysed(draw: Callable[..., object]) -> Sentence:
    """A sentence that CoNLL-2009 can hold."""
    size = draw(st.integers(1, 6))
    heads, predicted = draw(trees(size, 2)), draw(trees(size, 2))
    tokens = []
    for i in range(size):
        other = Analysis(
            draw(OPTIONAL), draw(OPTIONAL), draw(OPTIONAL), predicted[i], draw(OPTIONAL)
        )
        tokens.append(
            Token(
                index=i,
                form=draw(VALUES),
                lemma=draw(OPTIONAL),
                xpos=draw(OPTIONAL),
                feats=draw(OPTIONAL),
                head=heads[i],
                deprel=draw(OPTIONAL),
                predicted=None if other == Analysis() else other,
            )
        )
    label = VALUES.filter(lambda value: value != "_")
    frames = []
    for predicate in sorted(draw(st.sets(st.integers(0, size - 1)))):
        carriers = sorted(draw(st.sets(st.integers(0, size - 1))))
        frames.append(Frame(predicate, draw(label), tuple(Role(t, draw(label)) for t in carriers)))
    return Sentence(tuple(tokens), tuple(frames))


@st.composite
def annotated(draw: Callable[..., object]) -> Sentence:
    """A sentence that CoNLL-U can hold."""
    size = draw(st.integers(1, 6))
    heads = draw(trees(size, 1))
    tokens = tuple(
        Token(
            i,
            draw(VALUES),
            lemma=draw(OPTIONAL),
            upos=draw(OPTIONAL),
            head=heads[i],
            deps=draw(OPTIONAL),
            misc=draw(OPTIONAL),
        )
        for i in range(size)
    )
    rest = ("_",) * 8
    starts = sorted(draw(st.sets(st.integers(0, size - 1))))
    multiwords = tuple(
        MultiwordToken(first, draw(st.integers(first, limit - 1)), draw(VALUES), rest)
        for first, limit in zip(starts, [*starts[1:], size], strict=False)
    )
    places = sorted(draw(st.sets(st.tuples(st.integers(-1, size - 1), st.integers(1, 3)))))
    nodes = tuple(EmptyNode(after, number, draw(VALUES), rest) for after, number in places)
    comments = tuple(f"#c{draw(VALUES)}" for _ in range(draw(st.integers(0, 2))))
    return Sentence(tokens, comments=comments, multiwords=multiwords, empty_nodes=nodes)


@BOUNDED
@given(st.lists(analysed(), min_size=1, max_size=3))
def test_generated_conll09_round_trips(sentences: list[Sentence]) -> None:
    assert_round_trip(sentences, "conll09")


@BOUNDED
@given(st.lists(annotated(), min_size=1, max_size=3))
def test_generated_conllu_round_trips(sentences: list[Sentence]) -> None:
    assert_round_trip(sentences, "conllu")


def reaches_itself(heads: list[int]) -> Iterator[bool]:
    for start in range(len(heads)):
        node = heads[start]
        for _ in heads:
            node = node if node in (-1, start) else heads[node]
        yield node == start


@BOUNDED
@given(
    st.integers(1, 8).flatmap(
        lambda size: st.lists(st.integers(-1, size - 1), min_size=size, max_size=size)
    )
)
def test_cycles_are_found_as_by_brute_force(heads: list[int]) -> None:
    on_cycle = list(reaches_itself(heads))
    found = find_cycle(heads)
    assert (found is not None) == any(on_cycle)
    assert found is None or on_cycle[found]


@pytest.mark.parametrize("size", [1, 2, 100_000])
def test_a_chain_of_any_length_has_no_cycle(size: int) -> None:
    assert find_cycle([*range(1, size), -1]) is None
    assert find_cycle([*range(1, size), 0]) == 0
