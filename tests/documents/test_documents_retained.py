"""Shares in MISC and in columns: nothing else changes, and everything comes off again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents import read_conllu, read_conllup, write_conllu, write_conllup
from linguagraph.documents.records import EmptyNode, MultiwordToken, Sentence, Token
from linguagraph.documents.retained import (
    COLUMNS,
    KEYS,
    Shares,
    misc_values,
    plus_columns,
    with_columns,
    with_misc,
    without_retained,
)

PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="|\t\n\r"),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text and text != "_" and text.partition("=")[0] not in KEYS)
MISC = st.none() | st.lists(PLAIN, min_size=1, max_size=3).map("|".join)
SHARE = st.floats(0, 1)


@st.composite
def annotated(draw: st.DrawFn) -> tuple[Sentence, dict[int, Shares]]:
    """A chain of words with any MISC, and shares of some of them."""
    size = draw(st.integers(1, 5))
    tokens = tuple(
        Token(i, f"w{i}", head=i - 1, deprel="dep", misc=draw(MISC)) for i in range(size)
    )
    layers = draw(st.integers(1, 3))
    values = st.tuples(*[SHARE] * layers)
    shares = draw(st.dictionaries(st.integers(0, size - 1), st.builds(Shares, values, values)))
    comments = draw(st.sampled_from([(), ("# sent_id = 1", "# text = w")]))
    return Sentence(tokens, comments=comments), shares


@given(annotated())
def test_misc_comes_off_again(case: tuple[Sentence, dict[int, Shares]]) -> None:
    sentence, shares = case
    found = with_misc(sentence, shares, predicates=3)
    assert without_retained(found) == sentence
    assert found.comments[-1] == "# retained_predicates = 3"
    for before, token in zip(sentence.tokens, found.tokens, strict=True):
        assert (token.misc or "").startswith(before.misc or "")
        assert " " not in (token.misc or "").removeprefix(before.misc or "")
        values = misc_values(token)
        assert set(values) == (set(KEYS) if token.index in shares else set())
        if values:
            known = shares[token.index]
            assert values["RetainedDown"] == pytest.approx(known.down, abs=5.1e-4)
            assert values["RetainedUp"] == pytest.approx(known.up, abs=5.1e-4)
            every = (*known.down, *known.up)
            assert values["Retained"] == pytest.approx((sum(every) / len(every),), abs=5.1e-4)
    assert with_misc(found, shares, predicates=3) == found


@given(annotated())
def test_files_give_the_same_sentences(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Sentence, dict[int, Shares]]
) -> None:
    sentence, shares = case
    sentence = replace(sentence, comments=(), tokens=sentence.tokens)
    folder = tmp_path_factory.mktemp("files")
    write_conllu([with_misc(sentence, shares, predicates=1)], folder / "x.conllu")
    (read,) = read_conllu(folder / "x.conllu")
    assert without_retained(read).tokens == sentence.tokens
    columns = plus_columns(sentence)
    plus = with_columns(sentence, shares, predicates=1, columns=columns)
    write_conllup([plus], folder / "x.conllup", columns=columns)
    (read,) = read_conllup(folder / "x.conllup")
    assert without_retained(read).tokens == sentence.tokens
    values = {t.index: tuple(v for _, v in t.extra) for t in read.tokens if t.extra}
    assert {t: v for t, v in values.items() if v != ("_",) * 3} == {
        token: known.values for token, known in shares.items()
    }


def test_own_columns_stand_beside_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "in.conllup"
    path.write_text(
        "# global.columns = ID FORM HEAD DEPREL MISC MY:COL\n# sent_id = 1\n"
        "1-2\tab\t_\t_\tA=1\tz\n1\ta\t0\troot\tSpaceAfter=No\tx\n2\tb\t1\tdep\t_\t_\n"
        "2.1\te\t_\t_\t_\t_\n\n1\tc\t0\troot\t_\ty\n\n",
        encoding="utf-8",
    )
    sentences = list(read_conllup(path))
    shares = {1: Shares((0.5,), (1.0,))}
    columns = plus_columns(sentences[0])
    made = [
        with_columns(s, shares if s.index == 0 else {}, predicates=1, columns=columns)
        for s in sentences
    ]
    write_conllup(made, tmp_path / "out.conllup", columns=columns)
    text = (tmp_path / "out.conllup").read_text(encoding="utf-8")
    assert text.startswith(
        f"# global.columns = ID FORM HEAD DEPREL MISC MY:COL {' '.join(COLUMNS)}\n# sent_id = 1\n"
    )
    assert "2\tb\t1\tdep\t_\t_\t0.750\t0.500\t1.000\n" in text
    again = [without_retained(s) for s in read_conllup(tmp_path / "out.conllup")]
    assert [replace(s, line=None) for s in again] == [replace(s, line=None) for s in sentences]
    twice = [
        with_columns(s, {}, predicates=1, columns=columns)
        for s in read_conllup(tmp_path / "out.conllup")
    ]
    write_conllup(twice, tmp_path / "twice.conllup", columns=columns)
    assert len(list(read_conllup(tmp_path / "twice.conllup"))) == 2


def test_multiword_tokens_and_empty_nodes_stay_in_conllu() -> None:
    sentence = Sentence(
        (Token(0, "a", head=-1, deprel="root"), Token(1, "b", head=0, deprel="x")),
        multiwords=(MultiwordToken(0, 1, "ab"),),
        empty_nodes=(EmptyNode(0, 1, "e", ("_",) * 8),),
    )
    found = with_misc(sentence, {1: Shares((0.0,), (0.0,))}, predicates=1)
    assert (found.multiwords, found.empty_nodes) == (sentence.multiwords, sentence.empty_nodes)
    assert without_retained(found) == sentence
