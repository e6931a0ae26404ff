from xml.etree import ElementTree

import pandas as pd
import pytest

from linguagraph.documents.records import Sentence, Token
from linguagraph.errors import ReportError, TableError
from linguagraph.figures import arcs

NAMESPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>"onload=x ]]> \u202egnp'


def sentence(*forms: str) -> Sentence:
    return Sentence(tuple(Token(i, form) for i, form in enumerate(forms)))


def edge_table(*rows: tuple[int, int, str, str, int, float]) -> pd.DataFrame:
    names = ["source", "target", "label", "direction", "layer", "retained_share"]
    return pd.DataFrame(list(rows), columns=names)


TREE = edge_table(
    (1, 0, "nsubj", "->", 0, 0.0),
    (0, 1, "nsubj", "<-", 0, 0.0),
    (1, 0, "nsubj", "->", 1, 1.0),
    (0, 1, "nsubj", "<-", 1, 0.0),
    (1, 2, "punct", "->", 0, 0.4),
)


def draw(
    edges: pd.DataFrame = TREE, words: Sentence | None = None, **roles: dict[int, str]
) -> ElementTree.Element:
    svg = arcs(
        words or sentence("Cats", "sleep", "."),
        edges,
        predicate=1,
        gold=roles.get("gold", {}),
        predicted=roles.get("predicted", {}),
        title="Example",
    )
    return ElementTree.fromstring(svg)


def texts(root: ElementTree.Element) -> list[str]:
    return [e.text or "" for e in root.iter(NAMESPACE + "text")]


def spoken(root: ElementTree.Element) -> list[str]:
    return [e.text or "" for g in root.iter(NAMESPACE + "g") for e in g.iter(NAMESPACE + "title")]


def test_every_token_label_and_layer_is_written() -> None:
    written = texts(draw())
    assert {"Cats", "sleep", ".", "layer 0", "layer 1"} <= set(written)
    assert "nsubj ->" in written  # retained by all seeds
    assert "punct -> 40%" in written


def test_two_superfluous_directions_become_one_faint_arc() -> None:
    root = draw()
    said = spoken(root)
    assert len(said) == 4
    assert (
        "Layer 0: nsubj from Cats to sleep, in both directions, retained by 0% of seeds" in said
        or (
            "Layer 0: nsubj from sleep to Cats, in both directions, retained by 0% of seeds" in said
        )
    )


def test_retained_arcs_are_stronger_and_layers_differ_without_colour() -> None:
    groups = list(draw().iter(NAMESPACE + "g"))
    lines = {g.find(NAMESPACE + "title").text: g.find(NAMESPACE + "path") for g in groups}  # type: ignore[union-attr]
    kept = next(v for k, v in lines.items() if k and "100%" in k)
    partly = next(v for k, v in lines.items() if k and "40%" in k)
    faint = next(v for k, v in lines.items() if k and "both" in k)
    widths = [float(p.get("stroke-width", "")) for p in (kept, partly, faint)]  # type: ignore[union-attr]
    assert widths[0] == pytest.approx(2.6)
    assert widths[0] > widths[1] > widths[2]
    assert kept.get("stroke-dasharray") is not None  # type: ignore[union-attr]  # layer 1
    assert partly.get("stroke-dasharray") is None  # type: ignore[union-attr]  # layer 0


def test_layers_take_different_sides() -> None:
    root = draw()
    baseline = next(
        float(t.get("y", "")) for t in root.iter(NAMESPACE + "text") if t.text == "Cats"
    )
    sides = {}
    for group in root.iter(NAMESPACE + "g"):
        label = group.find(NAMESPACE + "text")
        title = group.find(NAMESPACE + "title")
        assert label is not None
        assert title is not None
        sides.setdefault((title.text or "")[:7], set()).add(float(label.get("y", "")) < baseline)
    assert sides == {"Layer 0": {False}, "Layer 1": {True}}


def test_heads_point_at_the_target() -> None:
    root = draw(edge_table((1, 0, "nsubj", "->", 0, 1.0)))
    (group,) = root.iter(NAMESPACE + "g")
    arc, head = group.findall(NAMESPACE + "path")
    left = (arc.get("d") or "").split()[1]
    assert (head.get("d") or "").split()[1] == left  # token 0 is on the left


def test_roles_are_compared_in_words() -> None:
    root = draw(gold={0: "A0", 2: "A1"}, predicted={0: "A0", 1: "A2"})
    written = texts(root)
    assert written.count("A0") == 2
    assert {"agree", "missed", "not in gold"} <= set(written)
    differ = texts(draw(gold={0: "A0"}, predicted={0: "A1"}))
    assert "differ" in differ


def test_title_and_description_are_there_for_screen_readers() -> None:
    root = draw(gold={0: "A0"}, predicted={0: "A1"})
    assert root.get("role") == "img"
    assert root.findtext(NAMESPACE + "title") == "Example"
    description = root.findtext(NAMESPACE + "desc") or ""
    assert "Predicate: sleep" in description
    assert "Cats: gold role A0, predicted role A1 (differ)" in description
    assert (
        "Layer 1: nsubj from sleep to Cats, direction ->, retained by 100% of seeds" in description
    )


def test_hostile_text_is_escaped_and_made_visible() -> None:
    edges = edge_table((0, 1, HOSTILE, HOSTILE, 0, 1.0))
    svg = arcs(
        sentence(HOSTILE, "\x00"),
        edges,
        predicate=0,
        gold={1: HOSTILE},
        predicted={1: HOSTILE},
        title=HOSTILE,
    )
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "[U+202E]" in svg
    root = ElementTree.fromstring(svg)
    assert {e.tag.removeprefix(NAMESPACE) for e in root.iter()} <= {
        "svg",
        "g",
        "path",
        "rect",
        "text",
        "title",
        "desc",
    }


def test_no_edges_self_loops_cycles_and_one_token() -> None:
    assert "No edge is retained" in (draw(TREE[:0]).findtext(NAMESPACE + "desc") or "")
    loops = edge_table(
        (0, 0, "self", "->", 0, 1.0), (0, 1, "a", "->", 0, 1.0), (1, 0, "a", "->", 0, 1.0)
    )
    assert len(spoken(draw(loops))) == 2
    alone = arcs(sentence("Go"), TREE[:0], predicate=0, gold={}, predicted={}, title="t")
    assert "Go" in alone


def test_many_layers_are_told_apart_by_name() -> None:
    rows = [(1, 0, "nsubj", "->", layer, 1.0) for layer in range(4)]
    written = texts(draw(edge_table(*rows)))
    assert {"nsubj -> L0", "nsubj -> L3", "layer 3"} <= set(written)


def test_a_long_sentence_grows_wide_instead_of_small() -> None:
    words = sentence(*(f"word{i}" for i in range(150)))
    rows = [(i, i + 1, "dep", "->", 0, 0.0) for i in range(149)] + [(0, 149, "root", "->", 1, 1.0)]
    root = ElementTree.fromstring(
        arcs(words, edge_table(*rows), predicate=0, gold={}, predicted={}, title="long")
    )
    assert float(root.get("width", "0")) > 150 * 60
    assert float(root.get("height", "0")) < 300


def test_bad_input_is_named() -> None:
    with pytest.raises(TableError, match="retained_share"):
        draw(TREE.drop(columns="retained_share"))
    with pytest.raises(ReportError, match=r"\[7\]"):
        draw(edge_table((0, 7, "a", "->", 0, 1.0)))


def test_the_drawing_is_the_same_every_time() -> None:
    assert ElementTree.tostring(draw()) == ElementTree.tostring(draw())
