"""Sections on what text is made of, and on what in it is predicted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tables as synthetic
from chained import CORPUS, SCRIPT, text_run
from linguagraph.analyses import Params
from linguagraph.analyses.corpus import run as corpus
from linguagraph.analyses.graphs import run as graphs
from linguagraph.analyses.parse_comparison import run as parse_comparison
from linguagraph.analyses.predicted import run as predicted

from linguagraph import analyses
from linguagraph.documents.records import Sentence, Token
from linguagraph.edges.storage import RunTables
from linguagraph.reports import Section, render
from linguagraph.reports.headline import headline_note

QUICK = Params(resamples=50, min_n=5)
NAMES = ("corpus", "graphs", "predicted", "coreference", "parse_comparison")


def only(sections: tuple[Section, ...]) -> Section:
    (section,) = sections
    assert section.question.endswith("?")
    assert section.finding.endswith(".")
    assert "nan" not in section.finding.split()
    for block in section.tables:
        assert block.caption.endswith(".")
        assert set(block.percent) <= set(block.frame.columns)
    return section


def test_the_modules_are_short_and_ask_their_question() -> None:
    for name in NAMES:
        lines = (Path(analyses.__file__).parent / f"{name}.py").read_text("utf-8").splitlines()
        assert len(lines) <= 120, name
        assert lines[0].endswith('?"""'), name


def test_the_corpus_counted() -> None:
    section = only(corpus(synthetic.small_run(), QUICK))
    assert section.finding.startswith(
        "2 sentences and 7 tokens hold 3 predicates (66.7% verbal, 33.3% nominal). "
        "Trees are 2.0 edges deep on average (at most 2). "
        "The mean dependency distance is 1.20 tokens (no interval)"
    )
    assert "The most frequent labels are amod (40.0%), nsubj (40.0%) and obj" in section.finding
    assert section.summary is not None
    values = section.summary["corpus_statistics"]
    assert values["predicates_by_type"] == {"V": 2, "N": 1}
    assert values["dependency_distance"]["mean"] == pytest.approx(6 / 5)
    assert [f.data for f in section.figures] == ["corpus_depth", "corpus_distance"]
    assert "most frequent 1 (80.0%)" in section.figures[1].alt


def test_sentences_without_trees_and_predicates() -> None:
    bare = {0: Sentence((Token(0, SCRIPT), Token(1, "b")))}
    section = only(corpus(replace(synthetic.empty_run(), sentences=bare), QUICK))
    assert section.finding == "1 sentence and 2 tokens hold no predicate."
    assert section.figures == ()
    missing = only(corpus(synthetic.empty_run(), QUICK))
    assert missing.finding == (
        "There is nothing to report: the sentences of the run are not at hand."
    )


def test_graphs_of_trees_alone_and_with_chains() -> None:
    small = synthetic.small_run()
    section = only(graphs(small, QUICK))
    assert section.finding == (
        "2 graphs with 5 relations of dependency (3 labels, 1.4 per token). "
        "No relation leaves its sentence."
    )
    section = only(graphs(text_run(), QUICK))
    # 6 + 5 dependencies; chain heads 0-0 (Ann, She), She-Ann, <script>-dogs: all but one crossing
    kinds = section.tables[0].frame.set_index("kind")
    assert kinds["relations"].to_dict() == {"dependency": 11, "coreference": 3, "all": 14}
    assert kinds["cross_sentence"].tolist() == pytest.approx([0, 2 / 3, 2 / 14])
    assert "3 relations of coreference" in section.finding
    assert "66.7% between sentences" in section.finding
    assert "receives edges of dependency." in section.notes[1]
    empty = only(graphs(synthetic.empty_run(), QUICK))
    assert empty.finding == "There is nothing to report: the run has no graph with an edge."


def test_given_graphs_are_preferred() -> None:
    run = synthetic.small_run()
    from linguagraph.graphs.dependency import dependency_graph

    pair = (dependency_graph(run.sentences[0]), (4,))
    section = only(graphs(replace(run, graphs=[pair]), QUICK))
    assert section.finding.startswith("1 graph with 3 relations")


def test_predicted_layers_with_their_accuracy() -> None:
    section = only(predicted(text_run(), QUICK))
    assert section.finding == (
        "Sentences, tokens, tags, lemmas, trees, predicates and coreference are predicted, not "
        "gold. Trees: UAS 83.0, LAS 79.8, measured on EWT dev. Predicates, F1: verbal 93.5, "
        "nominal 77.4, measured on EWT-SRL dev. Coreference: CoNLL 41.2, measured on GUM dev."
    )
    table = section.tables[0].frame
    assert table[["what", "measure"]].values.tolist() == [
        ["sentences", "sentences"],
        ["tokens", "tokens"],
        ["tags", "UPOS"],
        ["lemmas", "not measured"],
        ["trees", "UAS"],
        ["trees", "LAS"],
        ["predicates", "verbal"],
        ["predicates", "nominal"],
        ["coreference", "CoNLL"],
        ["coreference", "MUC"],
    ]
    assert table["score"].iloc[0] == pytest.approx(0.875)
    assert table.loc[6, ["precision", "recall"]].tolist() == [0.93, 0.94]
    assert section.summary is not None
    note = headline_note(section.summary)
    assert note == (
        "Predicted, not gold: sentences, tokens, tags, lemmas, trees, predicates, coreference. "
        "Measured accuracy: parser bundled: sentences 87.5, UPOS 93.7, LAS 79.8 (EWT dev); "
        "predicates F1: V 93.5, N 77.4 (EWT-SRL dev); coreference: CoNLL 41.2 (GUM dev)."
    )
    page = render([section], title="t", manifest={}, summary=section.summary)
    assert f'<p class="notice provenance" role="note">{note}</p>' in page


def with_corpus(**corpus: Any) -> RunTables:
    return replace(synthetic.small_run(), manifest={"corpus": corpus})


def test_gold_tokens_take_the_other_scores() -> None:
    given = {**CORPUS, "predicted": ["tags", "trees"], "coreference": {"resolver": "annotated"}}
    section = only(predicted(with_corpus(**given), QUICK))
    assert section.finding == (
        "Tags and trees are predicted, not gold. Trees: LAS 82.2, measured on EWT dev. "
        "Predicates, F1: verbal 93.5, nominal 77.4, measured on EWT-SRL dev."
    )
    assert section.tables[0].frame["measure"].tolist() == ["UPOS", "LAS"]


def test_facts_may_stand_beside_the_corpus() -> None:
    manifest = {"corpus": {"predicted": CORPUS["predicted"]}, "parser": CORPUS["parser"]}
    section = only(predicted(replace(synthetic.small_run(), manifest=manifest), QUICK))
    assert "LAS 79.8" in section.finding


def test_unknown_accuracy_is_said() -> None:
    section = only(predicted(with_corpus(predicted=["trees"], parser={"name": "stanza:de"}), QUICK))
    assert section.finding == "Trees are predicted, not gold. How accurately is not known."
    assert section.tables[0].frame["predicted_by"].tolist() == ["parser stanza:de"]
    assert headline_note(section.summary or {}) == (
        "Predicted, not gold: trees. Measured accuracy: parser stanza:de: not known."
    )
    columns = only(predicted(with_corpus(predicted=["trees"]), QUICK))
    assert columns.tables[0].frame["predicted_by"].tolist() == ["the corpus's predicted columns"]


def test_nothing_predicted() -> None:
    section = only(predicted(synthetic.small_run(), QUICK))
    assert section.finding.startswith("Nothing: ")
    assert headline_note(section.summary or {}) == ""
    assert headline_note({}) == ""


def test_text_without_gold_roles_says_so() -> None:
    run = text_run()
    roles = run.roles.assign(gold_role=pd.Series([None] * len(run.roles), dtype="object"))
    assert "no annotated roles" in only(predicted(replace(run, roles=roles), QUICK)).notes[1]


def test_parses_are_compared_only_where_asked(make_tables: Callable[..., RunTables]) -> None:
    run = make_tables(seeds=2)
    assert parse_comparison(run, QUICK) == ()
    section = only(parse_comparison(replace(run, compared=make_tables(seeds=2)), QUICK))
    assert section.finding.startswith("With predicted in place of gold trees, role F1, all edges: ")
    assert "exactly equal" in section.finding
    assert "the two masks agree with a kappa of 1.00" in section.finding
    assert section.summary is not None
    values = section.summary["parse_comparison"]
    assert values["divergence_bits"] == 0
    assert values["any_label"]["cohen_kappa"] == pytest.approx(1)
    assert values["role_F1_all_edges"]["difference"] == 0
