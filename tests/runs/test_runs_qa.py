"""From a file of questions to the report: tables, resuming, other methods, errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from qa_tools import encoded, made_items, saved_model, write_questions

import linguagraph
from linguagraph.edges.gold_chains import GoldNodes, chain_rows, like, reached
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, DocumentError, MaskError, QueryError, RunError
from linguagraph.runs import qa_memory
from linguagraph.runs.analysing import Report
from linguagraph.runs.qa import QaOptions, report_qa
from linguagraph.runs.qa_items import QaReading
from linguagraph.runs.qa_memory import check_memory, needed_bytes
from linguagraph.runs.qa_models import load_explained_qa
from linguagraph.runs.query_tables import sources_of_tables
from linguagraph.runs.querying import describe
from linguagraph.runs.saved import SavedRun, open_run

ENDS = (
    "SELECT example, source, target, source_text, target_text, source_role, target_role, "
    "source_support, target_support FROM words WHERE example < 5 AND layer = 0"
)
PLAIN = QaReading(coreference="none")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tmp_path_factory.mktemp("models") / "toy")


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_questions(tmp_path_factory.mktemp("data") / "made.json", range(200, 260))


@pytest.fixture(scope="module")
def made(model: Path, questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    out = tmp_path_factory.mktemp("runs") / "run"
    options = QaOptions(
        model=str(model),
        reading=PLAIN,
        rivals=("integrated_gradients", "random"),
        rival_items=6,
        threads=1,
    )
    return report_qa(questions, out, options=options)


def test_every_table_has_the_rows_that_belong_there(made: Report) -> None:
    tables = made.run_tables
    items, mentions = tables.items, tables.mentions
    assert items is not None
    assert mentions is not None
    assert items["example"].tolist() == list(range(60))
    assert items["id"].tolist() == [f"made_{n}" for n in range(200, 260)]
    assert int(items["nodes"].sum()) == len(mentions)
    edges = tables.edges
    assert edges.groupby(["example", "seed"], observed=True).ngroups == 120
    assert len(edges) == 2 * 3 * sum(e.graph.num_edges for e in encoded(made_items(60, first=200)))
    assert set(edges["label"].unique()) == {"MATCH", "DOC-BASED", "COMPLEMENT"}
    conditions = set(tables.scores["condition"].unique())
    assert {"original", "retained_100", "random", "removed_MATCH", "removed_layer_2"} <= conditions
    assert (tables.scores.groupby(["condition", "seed"], observed=True).size() == 60).all()


def test_edges_are_those_of_the_graphs_by_their_ids(made: Report) -> None:
    for example, known in enumerate(encoded(made_items(3, first=200))):
        own = made.edges.query(f"example == {example} and seed == 0 and layer == 1")
        own = own.sort_values("edge")
        assert own["edge"].tolist() == list(range(known.graph.num_edges))
        ends = known.graph.edge_index
        assert np.array_equal(own["source"].to_numpy(), ends[0])
        assert np.array_equal(own["target"].to_numpy(), ends[1])
        assert own["label"].tolist() == list(known.graph.labels)


def test_words_of_questions_are_the_mentions_at_both_ends(made: Report, tmp_path: Path) -> None:
    found = made.query(ENDS)
    mentions = made.run_tables.mentions
    assert mentions is not None
    known = mentions.set_index(["example", "node"])
    assert len(found) == len(made.query("FROM shares WHERE example < 5 AND layer = 0")) > 0
    for end in ("source", "target"):
        rows = known.loc[list(zip(found["example"], found[end], strict=True))]
        for name in ("text", "role", "support"):
            assert found[f"{end}_{name}"].tolist() == rows[name].tolist()
    order = f"SELECT * FROM ({ENDS}) ORDER BY ALL"
    saved = saved_questions(made, tmp_path)
    pd.testing.assert_frame_equal(saved.query(order), made.query(order))
    listed = describe(sources_of_tables(made.run_tables)).query("table == 'words'")
    assert {"source_text", "target_support"} <= set(listed["column"])
    assert "as written" in listed.set_index("column")["meaning"]["source_text"]


def test_questions_have_no_sentences_but_mentions(made: Report, tmp_path: Path) -> None:
    run = saved_questions(made, tmp_path)
    sql = "SELECT example, sentence FROM edges LIMIT 1"
    for ask in (
        lambda: run.query(sql, text=True),
        lambda: made.query(sql, text=True),
        lambda: run.draw(sql),
        lambda: run.sentence(0),
    ):
        with pytest.raises(QueryError, match="SELECT example, source_text, target_text FROM words"):
            ask()
    named = run.query("SELECT example, source_text, target_text FROM words LIMIT 3")
    assert named.notna().all(axis=None)
    (tmp_path / "mentions.parquet").unlink()
    with pytest.raises(QueryError, match="ask for its edges without --text and --draw"):
        run.query(sql, text=True)
    with pytest.raises(QueryError, match="words does not exist! Tables here: edges"):
        run.query("FROM words")


def saved_questions(report: Report, folder: Path) -> SavedRun:
    """The tables of a report in a folder of their own."""
    report.run_tables.write(folder)
    manifest = {"format": 1, "stages": {}, **report.run_tables.manifest}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return open_run(folder)


def test_masks_in_the_table_are_those_of_the_probes(made: Report, model: Path) -> None:
    explained = load_explained_qa(str(model))
    example = encoded(made_items(1, first=205))
    for mask in explained.masks.explain_seeds(example):
        own = made.edges.query(f"example == 5 and seed == {mask.seed}")
        own = own.sort_values(["layer", "edge"])
        assert own["retained"].tolist() == mask.retained.flatten().tolist()
        np.testing.assert_allclose(own["score"], mask.scores.flatten(), atol=1e-4)


def test_mentions_carry_their_gold_and_their_context(made: Report) -> None:
    mentions = made.run_tables.mentions
    assert mentions is not None
    first = mentions[mentions["example"] == 0]
    subject = first[first["role"] == "subject"].iloc[0]
    assert subject["gold_support"] == "subject"
    assert subject["right"].startswith(" was built by ")
    bridges = first[first["gold_bridge"]]
    assert sorted(bridges["gold_support"]) == ["answer", "subject"]
    answer = first[first["answer"]].iloc[0]
    assert answer["left"].endswith(" lived in ")
    assert answer["gold_support"] == "answer"


def test_scores_count_the_answers(made: Report, model: Path) -> None:
    explained = load_explained_qa(str(model))
    examples = encoded(made_items(60, first=200))
    right = 0
    for example in examples:
        batch = explained.masks.model.batch([example])
        with torch.no_grad():
            right += int(explained.model(batch.content).logits.argmax(-1)[0]) == example.answer
    scores = made.run_tables.scores
    original = scores[scores["condition"] == "original"]
    assert int(original["correct"].sum()) == right
    assert made.run_tables.items is not None
    assert int((made.run_tables.items["correct"] == "yes").sum()) == right


def test_methods_are_compared_on_the_first_questions(made: Report) -> None:
    chains, scores = made.run_tables.chains, made.run_tables.attributions
    assert chains is not None
    assert scores is not None
    assert set(chains["method"].unique()) == {"graphmask", "integrated_gradients", "random"}
    rival = chains[(chains["method"] == "integrated_gradients") & (chains["control"] == "method")]
    assert sorted(rival["example"]) == list(range(6))
    mask = chains.query("method == 'graphmask' and control == 'method' and seed == 0")
    both = mask.set_index("example")["retained"].loc[range(6)]
    assert both.tolist() == rival.set_index("example")["retained"].loc[range(6)].tolist()
    drawn = chains[(chains["method"] == "graphmask") & (chains["seed"] == 0)]
    assert (drawn.groupby("example")["retained"].nunique() == 1).all()  # controls of equal size
    level = scores[(scores["method"] == "graphmask") & (scores["level"] == 0.5)]
    kept = made.edges.query("score > 0.5").groupby(["example", "layer", "seed"]).size()
    found = level.set_index(["example", "layer", "seed"])["above"]
    pd.testing.assert_series_equal(
        kept.reindex(found.index, fill_value=0), found, check_names=False, check_dtype=False
    )


def test_the_report_answers_the_questions_of_the_paper(made: Report) -> None:
    names = [section.name for section in made.sections]
    for wanted in ("entity_relations", "entity_query", "entity_paths", "entity_gold", "examples"):
        assert wanted in names
    assert "<script src" not in made.html
    assert "made.json" in made.html
    assert made.summary["corpus"] is not None


def test_a_run_is_gone_on_with_and_never_replaced_unasked(
    model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linguagraph.runs import qa

    monkeypatch.setattr(qa, "SHARD", 20)
    options = QaOptions(model=str(model), reading=PLAIN, rival_items=0, threads=1)
    seen: list[int] = []
    rows = qa.QaMasker.rows

    def fail(self, examples, *, first, tick=lambda n: None):  # type: ignore[no-untyped-def]
        if first == 40 and len(seen) < 3:
            seen.append(first)
            raise KeyboardInterrupt
        seen.append(first)
        return rows(self, examples, first=first, tick=tick)

    monkeypatch.setattr(qa.QaMasker, "rows", fail)
    with pytest.raises(KeyboardInterrupt):
        report_qa(questions, tmp_path / "run", options=options)
    with pytest.raises(RunError, match="--resume"):
        report_qa(questions, tmp_path / "run", options=options)
    resumed = report_qa(questions, tmp_path / "run", options=options, resume=True)
    assert seen == [0, 20, 40, 40]  # finished shards are not computed again
    whole = report_qa(questions, options=options)
    columns = ["example", "layer", "edge", "seed"]
    one, other = (r.edges.sort_values(columns)["retained"].tolist() for r in (resumed, whole))
    assert one == other
    again = RunTables.read(tmp_path / "run")
    assert again.items is not None
    assert len(again.items) == 60


def test_questions_without_answers_or_gold_have_a_report_too(model: Path, tmp_path: Path) -> None:
    bare = write_questions(tmp_path / "test.json", range(5), answer=None, bridge=None)
    options = QaOptions(model=str(model), reading=PLAIN, rival_items=0)
    made = linguagraph.report(bare, options=options)
    assert made.run_tables.items is not None
    assert made.run_tables.items["answer"].isna().all()
    assert made.run_tables.manifest["scored_against"] == "own"
    assert made.run_tables.chains is not None
    assert made.run_tables.chains.empty


def test_bad_questions_stop_the_run_or_are_counted(model: Path, tmp_path: Path) -> None:
    rows = json.loads(write_questions(tmp_path / "q.json", range(6)).read_text())
    rows[2]["answer"] = "atlantis"
    del rows[4]["supports"]
    (tmp_path / "q.json").write_text(json.dumps(rows))
    options = QaOptions(model=str(model), reading=PLAIN, rival_items=0)
    with pytest.raises(DocumentError, match="made_2"):
        report_qa(tmp_path / "q.json", options=options)
    skipping = QaOptions(
        model=str(model), reading=QaReading(coreference="none", skip_bad=True), rival_items=0
    )
    told: list[str] = []
    made = report_qa(tmp_path / "q.json", options=skipping, warn=told.append)
    dropped = made.run_tables.manifest["dropped"]
    assert dropped == {
        "questions: answer not among the candidates": 1,
        "questions: missing keys": 1,
    }
    assert any("made_2" in line for line in told)
    assert "answer not among the candidates" in made.html


def test_graphs_that_do_not_fit_are_refused_before_anything_is_computed(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = load_explained_qa(str(model))
    check_memory(10, explained.model, cells=1000)
    monkeypatch.setattr(qa_memory, "available_bytes", lambda: 1000)
    with pytest.raises(MaskError, match=r"needs about .* GB.* fewer seeds"):
        check_memory(10, explained.model, cells=1000)
    assert needed_bytes(1000, batch=2, layers=3, seeds=1) == 4 * needed_bytes(
        500, batch=2, layers=3, seeds=1
    )


def test_what_is_no_model_or_no_question_file_is_said(tmp_path: Path, questions: Path) -> None:
    with pytest.raises(ConfigError, match="neither a bundled model for questions"):
        report_qa(questions, options=QaOptions(model="srl-gnn"))
    for wrong in (("magic",), ("graphmask",), ("random", "random")):
        with pytest.raises(ConfigError, match="rivals="):
            QaOptions(rivals=wrong)
    with pytest.raises(ConfigError, match="coreference='stanza'"):
        QaReading(coreference="stanza")
    with pytest.raises(ConfigError, match="QaOptions"):
        linguagraph.report(tmp_path / "text.txt", options=QaOptions())


class TestGoldChains:
    """Mentions 0 (subject) and 1 (bridge) in one gold support, 2 (bridge), 3 (answer) in the other.

    Edges 0 -> 1, 1 -> 2, 2 -> 3, and 0 -> 4 -> 3 by another support.
    """

    source = np.array([0, 1, 2, 0, 4])
    target = np.array([1, 2, 3, 4, 3])
    gold = GoldNodes(
        subject=np.array([True, False, False, False, False]),
        answer=np.array([False, False, False, True, False]),
        bridge=np.array([False, True, True, False, False]),
        first=np.array([True, True, False, False, False]),
        second=np.array([False, False, True, True, False]),
    )

    def rows(self, *layers: set[int]) -> dict[str, object]:
        retained = np.array([[e in layer for e in range(5)] for layer in layers])
        labels = np.zeros(5, dtype=np.int64)
        found = chain_rows(
            retained,
            self.source,
            self.target,
            labels,
            self.gold,
            draws=2,
            random=np.random.default_rng(0),
        )
        rows = list(found)
        assert [row["control"] for row in rows].count("random") == 2
        assert all(row["retained"] == rows[0]["retained"] for row in rows)
        return dict(rows[0])

    def test_the_chain_in_ascending_layers(self) -> None:
        row = self.rows({0}, {1}, {2})
        assert (row["path"], row["gold_path"], row["bridge_path"]) == (True, True, True)
        assert (row["retained"], row["gold_retained"], row["supports"]) == (3, 3, 2)
        assert (row["gold_edges"], row["edges"]) == (9, 15)

    def test_a_path_that_goes_down_is_none(self) -> None:
        row = self.rows({2}, {1}, {0})
        assert (row["path"], row["gold_path"], row["bridge_path"]) == (False, False, False)

    def test_a_path_outside_the_gold_supports(self) -> None:
        row = self.rows({3}, set(), {4})
        assert (row["path"], row["gold_path"], row["bridge_path"]) == (True, False, False)
        assert (row["gold_retained"], row["supports"]) == (0, 2)

    def test_nothing_retained(self) -> None:
        row = self.rows(set(), set(), set())
        assert (row["retained"], row["path"], row["supports"]) == (0, False, 0)

    def test_reached_by_hand(self) -> None:
        retained = np.array([[True, False, False, True, False], [False, True, False, False, True]])
        start = self.gold.subject
        found = reached(retained, self.source, self.target, start)
        assert found.tolist() == [False, True, True, True, True]

    def test_controls_have_as_many_of_each_label(self) -> None:
        random = np.random.default_rng(1)
        retained, labels = random.random((3, 40)) < 0.3, random.integers(0, 4, 40)
        drawn = like(retained, labels, random)
        for layer in range(3):
            for label in range(4):
                own = labels == label
                assert drawn[layer, own].sum() == retained[layer, own].sum()
        assert (like(retained, None, random).sum(1) == retained.sum(1)).all()
        assert not np.array_equal(drawn, retained)
