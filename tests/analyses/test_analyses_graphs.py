"""Reports on graphs that are not made of language: complete, in their own words, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linguagraph.analyses import ANALYSES, GRAPH_ANALYSES, Params, analyse, summary

from linguagraph import analyses
from linguagraph.columns import PATHS, ROLES
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.edges.graphs import GraphEdges, Scored, graph_edge_rows, graph_score_rows
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError
from linguagraph.reports import render
from linguagraph.reports.sections import Section

QUICK = Params(resamples=40, min_n=5)
GRAPHS = 30
CORPUS = {"name": "toy", "graphs": GRAPHS, "nodes": 150, "edges": 120, "answers": GRAPHS}
NOT_HERE = ("sentence", "predicate", "token", "argument", "role", "dependency", "verbal", "tree")


def graph_run(
    *,
    seeds: int = 2,
    layers: int = 2,
    labels: tuple[str, ...] = ("a", "b"),
    truth: bool = True,
    own: bool = False,
    weights: bool = False,
) -> RunTables:
    """Thirty stars of four edges; label "a" is retained in layer 0, nothing elsewhere."""
    graph = np.repeat(np.arange(GRAPHS), 4)
    size = len(graph)
    named = np.resize(np.array(labels), size)
    first = named == "a"
    kept = np.zeros((seeds, layers, size), dtype=bool)
    kept[:, 0] = first
    kept[0, 0, :2] = True  # seed 0 keeps one "b", too
    edges = GraphEdges(
        first=0,
        graph=graph,
        source=np.tile(np.arange(1, 5), GRAPHS),
        target=np.zeros(size, dtype=np.int64),
        labels=named.tolist(),
        sets=(("edges", size),),
        present=np.ones((layers, size), dtype=bool),
        needed=np.arange(layers)[:, None] + ~first[None] == 0 if truth else None,
    )
    gates = np.full((layers, size), 0.25, dtype=np.float32) if weights else None
    if gates is not None:
        gates[:, ::2] = 0.75
    masks = MaskArrays(tuple(range(seeds)), kept.astype(np.float32), kept, gates)
    ones, total = np.ones(GRAPHS, dtype=np.int64), np.full(GRAPHS, 4 * layers)
    scored = [Scored("original", -1, ones, ones, total, total)]
    conditions = ["retained_100", "random", "random_labels"] + ["soft_gates_top"] * weights
    for seed in range(seeds):
        for condition in conditions:
            right = ones if condition != "random" else np.arange(GRAPHS) % 2
            scored.append(Scored(condition, seed, right, ones, 2 * ones, total))
    return RunTables(
        edges=graph_edge_rows(edges, masks, Names("toy", "gat", "graphmask")),
        paths=PATHS.empty(),
        roles=ROLES.empty(),
        scores=graph_score_rows(scored, first=0, model="gat", method="graphmask"),
        manifest={
            "language": False,
            "corpus": CORPUS,
            "model": {"name": "gat"},
            "scored_against": "own" if own else "labels",
            "notes": ["A note of the run."],
        },
    )


REGIMES: dict[str, dict[str, Any]] = {
    "plain": {},
    "one seed": {"seeds": 1},
    "one layer": {"layers": 1},
    "one label": {"labels": ("a",)},
    "no truth": {"truth": False},
    "own answers": {"own": True},
    "weights": {"weights": True},
}


@pytest.mark.parametrize("regime", list(REGIMES))
def test_every_regime_gives_a_report_in_its_own_words(regime: str) -> None:
    tables = graph_run(**REGIMES[regime])
    sections = analyse(tables, QUICK)
    absent = {"gold"} if regime == "no truth" else set()
    absent |= set() if regime == "weights" else {"attention"}
    assert [s.name for s in sections] == [n for n in GRAPH_ANALYSES if n not in absent | {"curves"}]
    for section in sections:
        assert section.question.endswith("?")
        assert section.finding.endswith(".")
        assert "nan" not in section.finding.lower().split()
        said = words_of(section)
        assert [word for word in NOT_HERE if word in said] == [], section.name
        known = {table.name for table in section.tables}
        for block in section.tables:
            assert set(block.percent) <= set(block.frame.columns)
            assert block.caption.endswith(".")
        assert all(figure.data in known for figure in section.figures)
    numbers = summary(sections)
    json.dumps(numbers, allow_nan=False)
    page = render(sections, title="What gat uses", manifest=tables.manifest, summary=numbers)
    assert "Linguistic" not in page
    assert "graphs; 150 nodes, 120 edges, 30 answers" in page


def words_of(section: Section) -> str:
    """All text of a section."""
    parts = [section.title, section.question, section.finding, *section.notes]
    parts += [text for figure in section.figures for text in (figure.caption, figure.alt)]
    for table in section.tables:
        parts += [table.caption, *map(str, table.frame.columns)]
    return " ".join(parts).lower()


def test_scores_are_called_what_they_are() -> None:
    labelled = {s.name: s for s in analyse(graph_run(), QUICK)}
    assert "accuracy is 100%" in labelled["overview"].finding
    assert "A note of the run." in labelled["overview"].notes
    assert "it matters which edges" in labelled["faithfulness"].finding
    assert {"score", "answers"} <= set(labelled["faithfulness"].tables[0].frame.columns)
    own = {s.name: s for s in analyse(graph_run(own=True), QUICK)}
    assert "answer agreement is 100%" in own["overview"].finding
    assert any("y=lambda batch: batch['user'].y" in note for note in own["overview"].notes)
    run = graph_run(own=True)
    model = {"name": "gat", "config": {"output": "regression"}}
    values = RunTables(
        run.edges, run.paths, run.roles, run.scores, {**run.manifest, "model": model}
    )
    notes = analyse(values, QUICK)[0].notes
    assert any("at most a tenth of the spread of the model's outputs" in note for note in notes)
    assert not any("y=" in note for note in notes)


def test_methods_list_nothing_that_graphs_do_not_have() -> None:
    tables = graph_run()
    recorded = {"score": "role F1", "max_roles": 15, "max_tokens": 40}
    run = RunTables(
        tables.edges,
        tables.paths,
        tables.roles,
        tables.scores,
        {**tables.manifest, "params": recorded, "probes": [{"seed": 0}]},
    )
    blocks = {t.name: t.frame for t in analyse(run, QUICK, names=("methods",))[0].tables}
    assert blocks["methods_models"]["item"].tolist() == ["name"]
    items = set(blocks["methods_settings"]["item"])
    assert {"analyses: max_edges", "analyses: max_labels"} <= items
    assert not items & {f"analyses: {name}" for name in (*recorded, "near", "max_excerpt")}


def test_labels_and_truth_are_counted() -> None:
    found = {s.name: s for s in analyse(graph_run(), QUICK)}
    shares = found["labels"].tables[1].frame.set_index(["label", "layer"])["share"]
    assert shares["a", "0"] == 1
    assert shares["a", "1"] == 0
    assert shares["b", "0"] == pytest.approx(0.5 / 60)
    assert shares["a", "all"] == pytest.approx(1 / 2)
    values = summary(analyse(graph_run(), QUICK))
    assert values["gold"]["per_seed"]["1"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert values["gold"]["per_seed"]["0"]["precision"] == pytest.approx(60 / 61)
    assert values["corpus"] == CORPUS


def test_without_counts_in_the_manifest_the_table_is_counted() -> None:
    tables = graph_run()
    bare = RunTables(tables.edges, tables.paths, tables.roles, tables.scores, {"language": False})
    counted = summary(analyse(bare, QUICK))["corpus"]
    assert (counted["graphs"], counted["edges"], counted["nodes"]) == (GRAPHS, 120, None)


def test_analyses_of_language_are_not_known_here_and_the_other_way_round() -> None:
    with pytest.raises(ConfigError, match=r"unknown analyses \['paths'\]; known: overview"):
        analyse(graph_run(), QUICK, names=("paths",))
    assert "gold" not in ANALYSES


def test_modules_are_short_and_say_their_question() -> None:
    folder = Path(analyses.__file__).parent
    for name in ("attention", "edge_labels", "gold", "graph_examples", "graph_faithfulness"):
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 120, name
        assert text.split("\n")[0].endswith('?"""'), name
