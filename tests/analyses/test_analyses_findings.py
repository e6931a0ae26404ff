"""The generated sentences change with the numbers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import tables as synthetic
from linguagraph.analyses import ANALYSES, Params

from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

Make = Callable[..., RunTables]
QUICK = Params(resamples=200, min_n=5)


def section(name: str, run: RunTables, params: Params = QUICK) -> Section:
    (result,) = ANALYSES[name](run, params)
    return result


def changed(run: RunTables, **tables: pd.DataFrame) -> RunTables:
    parts: dict[str, Any] = {n: getattr(run, n) for n in ("edges", "paths", "roles", "scores")}
    return RunTables(**(parts | tables), manifest=run.manifest, sentences=run.sentences)


def with_scores(run: RunTables, **quality: float) -> RunTables:
    scores = run.scores.copy()
    for condition, share in quality.items():
        rows = scores["condition"] == condition
        exact = (scores.loc[rows, "gold"] * share).round().astype("int32")
        scores.loc[rows, "correct"] = exact
    return changed(run, scores=scores)


def test_overview_names_share_score_and_agreement(make_tables: Make) -> None:
    text = section("overview", with_scores(make_tables(), original=1, retained_100=0.5)).finding
    assert text.startswith("The probes retain ")
    assert "points below (95% interval −" in text
    assert "(Fleiss' kappa 0." in text


def test_overview_says_when_nothing_changes(make_tables: Make) -> None:
    text = section("overview", with_scores(make_tables(), original=1, retained_100=1)).finding
    assert "exactly equal" in text


@pytest.mark.parametrize(("value", "word"), [(False, "none"), (True, "all")])
def test_overview_of_nothing_and_everything(make_tables: Make, value: bool, word: str) -> None:
    run = make_tables()
    run = changed(run, edges=run.edges.assign(retained=value))
    text = section("overview", run).finding
    assert f"The probes retain {word} of the edges" in text
    assert "Agreement between seeds is undefined: every seed" in text


def test_overview_without_scores(small_tables: RunTables) -> None:
    run = changed(small_tables, scores=synthetic.empty_run().scores)
    assert "was not measured" in section("overview", run).finding


@pytest.mark.parametrize(
    ("control", "verdict"),
    [
        (0.2, "the choice of edges carries the score, not their number."),
        (1.0, "random edges do better, so the mask cannot be called faithful."),
    ],
)
def test_faithfulness_verdicts(make_tables: Make, control: float, verdict: str) -> None:
    run = with_scores(make_tables(), original=1, retained_100=0.7, random_labels=control)
    assert verdict in section("faithfulness", run).finding


@pytest.mark.parametrize(
    ("near", "verdict"),
    [(0.3, "what the mask learned goes beyond them."), (1.0, "they do better than what the mask")],
)
def test_faithfulness_against_the_edges_of_the_predicate(
    make_tables: Make, near: float, verdict: str
) -> None:
    run = with_scores(make_tables(), retained_100=0.7, predicate_edges=near)
    text = section("faithfulness", run).finding
    assert (
        "Without learning, all edges of the predicate (20.0%), compared with the mask (15" in text
    )
    assert verdict in text


def test_faithfulness_when_the_edges_of_the_predicate_do_as_well(make_tables: Make) -> None:
    run = make_tables()
    masked = run.scores[run.scores["condition"] == "retained_100"]
    kept = run.scores[run.scores["condition"] != "predicate_edges"]
    assert "Without learning" not in section("faithfulness", changed(run, scores=kept)).finding
    scores = pd.concat([kept, masked.assign(condition="predicate_edges")])
    text = section("faithfulness", changed(run, scores=scores)).finding
    assert text.endswith("nothing shows that the mask learned more than to keep these.")


def test_faithfulness_when_random_edges_do_as_well(make_tables: Make) -> None:
    run = make_tables()
    masked = run.scores[run.scores["condition"] == "retained_100"]
    twin = masked.assign(condition="random_labels")
    kept = run.scores[~run.scores["condition"].isin(["random_labels"])]
    text = section("faithfulness", changed(run, scores=pd.concat([kept, twin]))).finding
    assert "exactly equal; nothing shows that the choice of edges matters" in text


def test_faithfulness_without_a_control(small_tables: RunTables) -> None:
    assert "No random control was run" in section("faithfulness", small_tables).finding


def test_labels_lead_and_superfluous(make_tables: Make) -> None:
    text = section("labels", make_tables(sentences=150, noise=0.0)).finding
    assert "with nominal predicates dep0 (->) leads" in text
    assert "labels are superfluous in over 99% of cases" in text
    assert "dep0 (<-)" in text
    assert "differ between verbal and nominal" in text


def test_labels_when_none_or_all_are_retained(make_tables: Make) -> None:
    run = make_tables()
    none = changed(run, edges=run.edges.assign(retained=False))
    assert section("labels", none).finding == "No edge of any label is retained."
    every = changed(run, edges=run.edges.assign(retained=True))
    assert "No frequent label is superfluous throughout." in section("labels", every).finding


def test_paths_say_whether_reliance_falls(make_tables: Make) -> None:
    run = make_tables(sentences=200)
    assert "; reliance falls with path length." in section("paths", run).finding
    length = run.paths["path_length"]
    rising = run.paths.assign(subpath_length=(length > 2).astype("int32"))
    rising.loc[(length == 1) & (run.paths["example"] % 2 == 0), "subpath_length"] = 1
    text = section("paths", changed(run, paths=rising)).finding
    assert "; reliance rises with path length." in text
    always = run.paths.assign(subpath_length=length.clip(upper=1))
    text = section("paths", changed(run, paths=always)).finding
    assert "; the intervals show no clear change with path length." in text
    assert "100% of direct connections" in text


def test_paths_set_direct_ones_against_other_edges_of_the_predicate(make_tables: Make) -> None:
    run = make_tables(sentences=100)
    argument = run.edges["target_kind"] == "argument"
    run = changed(run, edges=run.edges.assign(retained=(run.edges["layer"] == 0) | argument))
    result = section("paths", run)
    assert "retained in layer 0 in 100% of cases where they lead to an argument" in result.finding
    assert "; in layer 1 in 100% of cases where they lead to an argument and in 0%" in (
        result.finding
    )
    assert "In layer 0, where nearly all of them are retained, a direct path" in result.finding
    assert result.summary is not None
    shape = result.summary["paths"]["from_predicate"]
    assert shape["0"]["ratio"] == 1
    assert shape["1"]["ratio"] is None
    assert shape["1"]["other"]["share"] == 0
    example = run.edges["example"] % 4 == 0
    other = changed(run, edges=run.edges.assign(retained=argument | example))
    assert "times as often to arguments in layer 0" in section("paths", other).finding


def test_paths_that_are_too_few(small_tables: RunTables) -> None:
    text = section("paths", small_tables, Params(resamples=50, min_n=100)).finding
    assert text == "No path length has 100 paths, too few for a statement."


def test_distance_directions(make_tables: Make) -> None:
    run = make_tables(sentences=200)
    far = run.paths["token_distance"] > 5
    verbal = run.paths["predicate_type"] == "V"
    long = run.paths["path_length"] > 0

    def finding(used: pd.Series) -> str:
        paths = run.paths.assign(subpath_length=(used & long).astype("int32"))
        return section("distance", changed(run, paths=paths)).finding

    some = run.paths["example"] % 2 == 0
    assert finding(far | some).endswith("reliance rises with distance.")
    assert finding(~far | some).endswith("reliance falls with distance.")
    assert finding((far == verbal) | some).endswith("predicate types go opposite ways.")
    assert finding(some).endswith("distance makes no clear difference.")


def test_targets_regimes(small_tables: RunTables, make_tables: Make) -> None:
    text = section("targets", small_tables).finding
    assert text.startswith("100% of retained edges point at a predicted argument")
    assert "2.3 times as often" in text
    assert "go mostly to" not in text
    run = make_tables()
    none = changed(run, edges=run.edges.assign(retained=False))
    assert section("targets", none).finding.startswith("No edge is retained")
    away = run.edges.assign(retained=run.edges["target_kind"] == "elsewhere")
    text = section("targets", changed(run, edges=away)).finding
    assert "0% of retained edges point at a predicted argument" in text
    assert "only 0.00 times as often" in text
    assert "go mostly to other tokens" in text
    every = changed(run, edges=run.edges.assign(retained=True))
    assert "cannot tell from none" in section("targets", every).finding


def test_agreement_regimes(make_tables: Make) -> None:
    perfect = section("agreement", make_tables(noise=0.0)).finding
    assert "kappa of 1.00" in perfect
    assert "almost perfect agreement" in perfect
    assert "fewer than two seeds" in section("agreement", make_tables(seeds=1)).finding
    run = make_tables()
    none = section("agreement", changed(run, edges=run.edges.assign(retained=False)))
    assert none.finding.endswith("every seed calls every edge superfluous (raw agreement 100%).")
    assert none.figures == ()
    upper = (run.edges["layer"] == 1) & (run.edges["edge"] % 3 == run.edges["seed"] % 3)
    split = section(
        "agreement", changed(run, edges=run.edges.assign(retained=run.edges["retained"] ^ upper))
    )
    assert "agree most in layer 0" in split.finding


def test_soft_gates_regimes(make_tables: Make, small_tables: RunTables) -> None:
    run = make_tables()
    worse = with_scores(run, original=1, soft_gates=0.4)
    assert section("soft_gates", worse).finding.endswith("cannot be dispensed with.")
    better = with_scores(run, original=0.4, soft_gates=1)
    assert section("soft_gates", better).finding.endswith("disturb this model.")
    flat = changed(run, edges=run.edges.assign(soft_gate=0.5))
    assert "all gates are equal" in section("soft_gates", flat).finding
    missing = changed(run, edges=run.edges.assign(soft_gate=float("nan")))
    assert "no scalar gates" in section("soft_gates", missing).finding
    assert "was not measured" in section("soft_gates", small_tables).finding


@pytest.mark.parametrize(
    ("gates", "chance", "verdict"),
    [
        (0.7, 0.3, "the gates carry part of the information but are no substitute"),
        (0.3, 0.7, "the gates choose even worse than chance"),
        (1.0, 0.3, "the gates choose better than the mask"),
    ],
)
def test_soft_gates_at_equal_sparsity(
    make_tables: Make, gates: float, chance: float, verdict: str
) -> None:
    run = with_scores(make_tables(), retained_100=0.9, soft_gates_top=gates, random=chance)
    result = section("soft_gates", run)
    assert "Keeping as many edges by the model's own gate (15.0%) gives role F1" in result.finding
    assert verdict in result.finding
    assert result.summary is not None
    assert result.summary["soft_gates"]["top"]["kept"] == pytest.approx(0.15)


def test_soft_gates_at_equal_sparsity_without_what_they_are_compared_with(
    make_tables: Make,
) -> None:
    run = with_scores(make_tables(), retained_100=0.9, soft_gates_top=0.3)
    names = run.scores["condition"]
    alone = changed(run, scores=run.scores[names != "random"])
    assert "; the gates are no substitute for the mask." in section("soft_gates", alone).finding
    none = changed(run, scores=run.scores[names != "soft_gates_top"])
    assert "by the model's own gate was not measured" in section("soft_gates", none).finding
    top = run.scores[names == "soft_gates_top"]
    parts = [run.scores[names != "random"], top.assign(condition="random")]
    equal = changed(run, scores=pd.concat(parts))
    assert "choose no better than chance" in section("soft_gates", equal).finding
    masked = run.scores[names == "retained_100"].assign(condition="soft_gates_top")
    same = changed(run, scores=pd.concat([run.scores[names != "soft_gates_top"], masked]))
    assert "nothing shows that the mask chooses better" in section("soft_gates", same).finding


def test_roles_best_and_worst(make_tables: Make, small_tables: RunTables) -> None:
    text = section("scores_by_role", make_tables(sentences=300)).finding
    assert "is found best" in text
    assert "worst" in text
    rare = section("scores_by_role", small_tables, Params(resamples=50, min_n=30)).finding
    assert "fewer than two roles have 30 gold instances" in rare
    perfect = make_tables()
    perfect = changed(perfect, roles=perfect.roles.assign(role=perfect.roles["gold_role"]))
    assert "found equally well (100%)" in section("scores_by_role", perfect).finding


def test_types_with_few_cases_are_not_passed_over_as_if_there_were_none(make_tables: Make) -> None:
    run = make_tables()
    verbs = changed(run, roles=run.roles.assign(predicate_type="V"))
    assert "; all predicates are verbal" in section("scores_by_role", verbs).finding
    first = [0, *[1] * (len(run.roles) - 1)]
    kinds = pd.Series(["N" if not place else "V" for place in first], index=run.roles.index)
    mixed = changed(run, roles=run.roles.assign(predicate_type=kinds))
    text = section("scores_by_role", mixed).finding
    assert " for verbal predicates" in text
    assert "all predicates are" not in text
    assert "nominal" not in text


def test_examples_are_drawn_with_their_edges(small_tables: RunTables) -> None:
    result = section("examples", small_tables)
    assert [f.name for f in result.figures] == ["example_typical", "example_longest_path"]
    assert result.figures[0].svg.lstrip().startswith("<")
    assert "Ann A0" in result.figures[0].alt
    assert "layer 0: saw to Ann (nsubj ->, 100% of seeds)" in result.figures[0].alt
    assert len(result.tables[0].frame) == 12
    given = small_tables
    bare = RunTables(given.edges, given.paths, given.roles, given.scores)
    assert "not at hand" in section("examples", bare).finding


def test_methods_print_the_manifest_and_what_is_missing(small_tables: RunTables) -> None:
    result = section("methods", small_tables)
    assert "1 left out, for 1 reason" in result.finding
    tables = {t.name: t.frame for t in result.tables}
    assert "not recorded" not in tables["methods_data"]["value"].tolist()
    assert tables["methods_runs"]["seed"].tolist() == ["0", "1", "mean", "sd"]
    settings = dict(
        zip(tables["methods_settings"]["item"], tables["methods_settings"]["value"], strict=True)
    )
    assert settings["probes: config.beta"] == "0.03"
    assert (settings["run: limit"], settings["run: seeds"]) == ("none", "all")
    assert settings["run: format"] == "default"
    assert settings["run: control_seed"] == "7"
    assert settings["analyses: resamples"] == "200"
    explained = tables["methods_models"].set_index("item")["value"]
    assert explained["data.train.name"] == "toy train"
    assert explained["data.dev.fingerprint"] == "def"
    bare = section(
        "methods",
        RunTables(*(getattr(small_tables, n) for n in ("edges", "paths", "roles", "scores"))),
    )
    tables = {t.name: t.frame for t in bare.tables}
    assert "not recorded" in tables["methods_data"]["value"].tolist()
    assert bare.finding.endswith("nothing was recorded as dropped.")


def test_the_overview_says_when_the_corpus_chose_the_model(
    make_tables: Callable[..., RunTables],
) -> None:
    tables = make_tables()
    corpus = {**tables.manifest.get("corpus", {}), "fingerprint": "a1"}
    for part, word in (
        ("dev", "development data that chose"),
        ("train", "nothing here is held out"),
    ):
        data = {"data": {part: {"fingerprint": "a1"}}}
        model = {**tables.manifest.get("model", {}), **data}
        chosen = replace(tables, manifest={**tables.manifest, "corpus": corpus, "model": model})
        notes = " ".join(section("overview", chosen).notes)
        assert word in notes
    assert "held out" not in " ".join(section("overview", tables).notes)
