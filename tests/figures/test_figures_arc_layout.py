import itertools
import random

import pytest

from linguagraph.figures.arc_layout import PORT_GAP, Arc, arc_levels, lay_out


def arc(
    source: int, target: int, *, above: bool = True, width: float = 40.0, share: float = 0.0
) -> Arc:
    return Arc(source, target, "x", width, above, 0, share, False, "")


def test_levels_rise_with_nesting() -> None:
    assert arc_levels([arc(0, 3), arc(1, 2), arc(1, 3)]) == (3, 1, 2)


def test_neighbours_share_a_level() -> None:
    assert arc_levels([arc(0, 1), arc(1, 2), arc(3, 2)]) == (1, 1, 1)


def test_both_directions_and_crossing_arcs_take_two_levels() -> None:
    assert arc_levels([arc(0, 1), arc(1, 0)]) == (1, 2)
    assert sorted(arc_levels([arc(0, 2), arc(1, 3)])) == [1, 2]


def test_the_retained_one_of_two_lies_inside() -> None:
    assert arc_levels([arc(0, 1), arc(1, 0, share=1.0)]) == (2, 1)


def test_sides_are_independent() -> None:
    assert arc_levels([arc(0, 1), arc(0, 1, above=False)]) == (1, 1)


def test_tokens_move_apart_for_a_label() -> None:
    layout = lay_out([arc(0, 1, width=200.0)], [10.0, 10.0], start=0.0)
    left, right = layout.ports[0]
    assert right - left >= 200.0
    narrow = lay_out([], [10.0, 10.0], start=0.0)
    assert narrow.centers == (5.0, 33.0)  # 5 + 5 + gap of 18 + 5


def test_ends_on_one_token_keep_their_distance() -> None:
    layout = lay_out([arc(0, 1), arc(2, 1), arc(1, 3)], [10.0] * 4, start=0.0)
    at_one = sorted([layout.ports[0][1], layout.ports[1][0], layout.ports[2][0]])
    assert at_one[1] - at_one[0] == pytest.approx(PORT_GAP)
    assert at_one[2] - at_one[1] == pytest.approx(PORT_GAP)


def test_nothing_overlaps_in_random_graphs() -> None:
    generator = random.Random(7)
    for _ in range(30):
        size = generator.randint(2, 40)
        arcs = []
        for _ in range(generator.randint(1, 80)):
            source, target = generator.sample(range(size), 2)
            width = generator.uniform(10, 120)
            arcs.append(arc(source, target, above=generator.random() < 0.5, width=width))
        layout = lay_out(arcs, [generator.uniform(5, 90) for _ in range(size)], start=0.0)
        assert list(layout.centers) == sorted(layout.centers)
        placed: dict[tuple[bool, int], list[tuple[float, float]]] = {}
        for one, level, (left, right) in zip(arcs, layout.levels, layout.ports, strict=True):
            assert right - left >= one.width
            placed.setdefault((one.above, level), []).append((left, right))
        for spans in placed.values():
            spans.sort()
            for (_, end), (start, _) in itertools.pairwise(spans):
                assert end < start
