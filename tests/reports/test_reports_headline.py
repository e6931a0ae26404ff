from typing import Any

from linguagraph.reports.headline import (
    Tile,
    headline_tiles,
    manifest_rows,
    model_names,
)


def test_tiles_of_a_run(summary: dict[str, Any]) -> None:
    assert headline_tiles(summary) == [
        Tile("Role F1", "83.4", "with the retained edges only; 84.3 with all edges (−0.9 points)"),
        Tile("Retained", "16.2%", "of all messages; layer 0 22.1%, layer 1 10.3%"),
        Tile(
            "Agreement",
            "0.81",
            "Fleiss’ kappa across seeds (0.79 to 0.83); raw agreement 94.3%, prevalence 16.2%",
        ),
        Tile("Corpus", "4,391", "predicates in 2,001 sentences, 25,150 tokens, 190,123 edges"),
    ]


def test_absent_and_odd_values_leave_tiles_out() -> None:
    assert headline_tiles({}) == []
    assert headline_tiles({"score": None, "retained": 3, "agreement": {"fleiss_kappa": None}}) == []
    assert headline_tiles({"agreement": {"fleiss_kappa": float("nan")}}) == []
    assert headline_tiles({"score": {"original": 0.8}, "corpus": {"name": "x"}}) == []


def test_numbers_come_as_means_or_per_seed() -> None:
    for value in (0.2, [0.1, 0.3], {"mean": 0.2, "sd": 9}, {"0": 0.1, "1": 0.3}):
        (tile,) = headline_tiles({"retained": {"overall": value}})
        assert (tile.value, tile.detail) == ("20.0%", "of all messages")


def test_a_metric_that_explains_itself_is_shortened() -> None:
    score = {"masked": 0.5, "metric": "role F1 over (predicate, token, role) triples"}
    (tile,) = headline_tiles({"score": score})
    assert tile == Tile("Role F1", "50.0", "with the retained edges only")


def test_a_given_difference_is_used() -> None:
    (tile,) = headline_tiles({"score": {"original": 0.5, "masked": 0.5, "difference": 0.004}})
    assert tile.detail.endswith("50.0 with all edges (+0.4 points)")


def test_model_names() -> None:
    assert model_names({"model": "a"}) == "a"
    assert model_names({"model": ["a", "b"]}) == "a, b"
    assert model_names({"model": {"name": "a", "sha": "1"}}) == "a"
    assert model_names({}) == ""


def test_manifest_rows_are_flat_and_bounded(manifest: dict[str, Any]) -> None:
    rows = dict(manifest_rows(manifest))
    assert rows["versions › linguagraph"] == "0.1.0"
    assert rows["seeds"] == "0, 1"
    assert rows["corpus › dropped"] == "–"
    assert rows["stages › 0 › wall_seconds"] == "1.25"
    assert manifest_rows({"a": 1, "b": 2, "c": 3}, limit=2) == [
        ("a", "1"),
        ("b", "2"),
        ("…", "1 more in manifest.json"),
    ]


def test_one_is_singular_and_masks_without_probes_have_no_row() -> None:
    (tile,) = headline_tiles({"corpus": {"graphs": 1, "nodes": 5, "edges": 1, "answers": 2}})
    assert (tile.value, tile.detail) == ("1", "graph; 5 nodes, 1 edge, 2 answers")
    assert manifest_rows({"probes": [], "seeds": [0]}) == [("seeds", "0")]
    assert manifest_rows({"probes": [{"seed": 3}]}) == [("probes › 0 › seed", "3")]
