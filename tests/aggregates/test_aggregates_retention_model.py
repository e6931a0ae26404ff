"""The model of retention: equal to statsmodels, planted effects found, what fails is said."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, kstest
from tables import edges_of
from tables_simulated import EFFECTS, Simulated, simulated_edges

from linguagraph.aggregates import Resampling, compile_items
from linguagraph.aggregates.retention_model import RetentionModel, retention_model
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError

FIVE = ("label", "direction", "predicate_type", "distance", "layer")
PLAIN = Resampling()


def fitted(edges: pd.DataFrame, **options: Any) -> RetentionModel:
    options = {"resampling": PLAIN, "factors": FIVE, "estimator": "gee", **options}
    return retention_model(compile_items(edges), **options)


@pytest.fixture(scope="module")
def drawn() -> Simulated:
    return simulated_edges(sentences=120, seed=1)


def of(model: RetentionModel, factor: str, level: str | None = None) -> pd.DataFrame:
    rows = model.effects[model.effects["factor"] == factor]
    return rows if level is None else rows[rows["level"] == level]


def by_hand(edges: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The design matrix of statsmodels' fits, one row per vote, and its table."""
    table = edges.sort_values(["sentence", "seed", "layer", "edge"], kind="stable")
    distance = np.log2(1.0 + table["token_distance"])
    matrix = pd.DataFrame({"intercept": 1.0}, index=table.index)
    for name in ("label", "direction", "predicate_type", "layer"):
        values = table[name].astype(str)
        levels = values.value_counts().index[1:]
        for level in sorted(levels):
            matrix[f"{name} {level}"] = (values == level).astype(float)
    matrix["distance "] = distance - distance.mean()
    return matrix, table


@pytest.mark.parametrize("estimator", ["logit", "gee"])
def test_fits_on_counts_equal_those_of_statsmodels_on_votes(
    drawn: Simulated, estimator: str
) -> None:
    import statsmodels.api as sm

    model = fitted(drawn.edges, estimator=estimator)
    matrix, table = by_hand(drawn.edges)
    votes, groups = table["retained"].to_numpy(dtype=float), table["sentence"].to_numpy()
    family = sm.families.Binomial()
    if estimator == "logit":
        expected = sm.GLM(votes, matrix, family=family).fit(
            cov_type="cluster", cov_kwds={"groups": groups}, tol=1e-13
        )
    else:
        structure = sm.cov_struct.Exchangeable()
        expected = sm.GEE(votes, matrix, groups=groups, family=family, cov_struct=structure).fit(
            maxiter=200, ctol=1e-11
        )
        assert model.fit["correlation"].iloc[0] == pytest.approx(structure.dep_params, abs=1e-6)
        assert structure.dep_params > 0.05
    own = model.coefficients.set_index(
        model.coefficients["factor"] + " " + model.coefficients["level"]
    )
    own = own.rename(index={"intercept ": "intercept"}).loc[list(matrix.columns)]
    np.testing.assert_allclose(own["coefficient"], expected.params, atol=1e-6)
    np.testing.assert_allclose(own["se"], expected.bse, atol=1e-6)
    assert model.fit["converged"].iloc[0]
    assert model.problems.empty


def test_effects_equal_those_of_statsmodels(drawn: Simulated) -> None:
    import statsmodels.api as sm

    model = fitted(drawn.edges, estimator="logit", resampling=PLAIN)
    matrix, table = by_hand(drawn.edges)
    votes = table["retained"].to_numpy(dtype=float)
    result = sm.GLM(votes, matrix, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": table["sentence"].to_numpy()}, tol=1e-13
    )
    labels = [f"label {x}" for x in "bcd"]
    up, base = matrix.copy(), matrix.copy()
    up[labels], base[labels] = 0.0, 0.0
    up["label c"] = 1.0
    beta = result.params.to_numpy()

    def effect(beta: np.ndarray) -> float:
        high, low = (1 / (1 + np.exp(-(m.to_numpy() @ beta))) for m in (up, base))
        return float((high - low).mean())

    steps = np.eye(len(beta)) * 1e-6
    gradient = np.array([(effect(beta + s) - effect(beta - s)) / 2e-6 for s in steps])
    error = float(np.sqrt(gradient @ result.cov_params().to_numpy() @ gradient))
    row = of(model, "label", "c").iloc[0]
    assert row["effect"] == pytest.approx(effect(beta), abs=1e-6)
    from scipy.stats import t

    half = t.ppf(0.975, 119) * error
    assert row["effect_high"] - row["effect"] == pytest.approx(half, abs=1e-6)
    assert row["adjusted"] - of(model, "label", "a")["adjusted"].iloc[0] == pytest.approx(
        row["effect"]
    )
    slope = (
        result.get_margeff(at="overall").summary_frame().loc["distance "]
        if hasattr(result, "get_margeff")
        else None
    )
    share = result.fittedvalues
    derivative = float((beta[-1] * share * (1 - share)).mean())
    assert of(model, "distance")["effect"].iloc[0] == pytest.approx(derivative, abs=1e-6)
    assert slope is None or slope.iloc[0] == pytest.approx(derivative, abs=1e-6)


def test_confounded_factors_are_told_apart() -> None:
    effects = {**EFFECTS, "label": (0.0,) * 4, "distance": 1.0, "constant": -3.0}
    drawn = simulated_edges(sentences=400, seed=3, effects=effects)
    model = fitted(drawn.edges)
    rows = of(model, "label").set_index("level")
    assert rows.loc["d", "share"] - rows.loc["a", "share"] > 0.2  # far labels, not the label itself
    assert abs(rows.loc["d", "effect"]) < 0.05
    assert rows.loc["d", "effect_low"] < 0 < rows.loc["d", "effect_high"]
    assert of(model, "distance")["effect_low"].iloc[0] > 0.05
    assert rows.loc["a", "reason"] == "reference"
    assert np.isnan(rows.loc["a", "effect"])


def covered(model: RetentionModel, truth: dict[tuple[str, str], float]) -> list[bool]:
    found = []
    for _, row in model.effects.dropna(subset=["effect"]).iterrows():
        key = (row["factor"], "" if row["factor"] == "distance" else row["level"])
        found.append(bool(row["effect_low"] <= truth[key] <= row["effect_high"]))
    return found


def study(count: int, **options: Any) -> float:
    hits: list[bool] = []
    for seed in range(count):
        drawn = simulated_edges(sentences=100, seed=1000 + seed, edges=8)
        hits += covered(fitted(drawn.edges, **options), drawn.truth)
    return float(np.mean(hits))


def test_planted_effects_are_found(drawn: Simulated) -> None:
    for estimator in ("gee", "logit"):
        model = fitted(drawn.edges, estimator=estimator)
        hits = covered(model, drawn.truth)
        assert len(hits) == 7
        assert sum(hits) >= 6
        assert study(6, estimator=estimator) >= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["gee", "logit"])
def test_intervals_cover_planted_effects_at_their_level(estimator: str) -> None:
    """400 tables, 7 effects each; the effects of a table are correlated, so per-effect error."""
    hits = np.array(
        [
            covered(fitted(drawn.edges, estimator=estimator), drawn.truth)
            for drawn in (
                simulated_edges(sentences=100, seed=5000 + seed, edges=8) for seed in range(400)
            )
        ]
    )
    assert hits.shape == (400, 7)
    assert 0.935 <= hits.mean() <= 0.965
    assert binom.cdf(hits.sum(axis=0).min(), 400, 0.95) > 0.001
    # without clusters the same intervals would be too narrow for what clusters share
    plain = [
        covered(
            fitted(
                d.edges.assign(sentence=d.edges["edge"] + 100 * d.edges["sentence"]),
                estimator=estimator,
            ),
            d.truth,
        )
        for d in (simulated_edges(sentences=100, seed=5000 + s, edges=8) for s in range(100))
    ]
    assert np.mean(plain) < hits.mean()


def null_p(count: int, start: int) -> np.ndarray:
    effects = {**EFFECTS, "label": (0.0,) * 4, "direction": (0.0, 0.0), "distance": 0.0}
    found = []
    for seed in range(count):
        drawn = simulated_edges(sentences=100, seed=start + seed, edges=8, effects=effects)
        rows = fitted(drawn.edges).effects.set_index(["factor", "level"])["p"]
        found.append([rows["label", "b"], rows["direction", "<-"], rows["distance"].iloc[0]])
    return np.array(found)


def test_null_effects_are_rarely_significant() -> None:
    p = null_p(12, 9000)
    assert ((p > 0) & (p <= 1)).all()
    assert (p < 0.05).mean() < 0.25
    assert p.std() > 0.15


@pytest.mark.slow
def test_null_effects_have_uniform_p_values() -> None:
    p = null_p(400, 20000)
    for column in p.T:
        assert kstest(column, "uniform").pvalue > 0.01


def test_levels_that_are_never_or_always_retained_are_reported() -> None:
    drawn = simulated_edges(sentences=60, seed=4)
    edges = drawn.edges.copy()
    edges.loc[edges["label"] == "d", "retained"] = False
    edges.loc[edges["label"] == "c", "retained"] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(edges)
    rows = of(model, "label").set_index("level")
    assert rows.loc["d", "share"] == 0
    assert np.isnan(rows.loc["d", "effect"])
    assert rows.loc["d", "reason"].startswith("separated: never retained")
    assert rows.loc["c", "reason"].startswith("separated: always retained")
    assert set(model.problems["problem"]) == {"separated"}
    assert model.fit["left_out"].iloc[0] == rows.loc[["c", "d"], "n"].sum()
    rest = fitted(edges[edges["label"].isin(["a", "b"])])
    both = ["effect", "effect_low", "effect_high"]
    np.testing.assert_allclose(
        rows.loc["b", both].astype(float),
        of(rest, "label", "b")[both].iloc[0].astype(float),
        atol=1e-9,
    )


def test_separation_by_a_combination_is_found() -> None:
    edges = simulated_edges(sentences=80, seed=5).edges.copy()
    # d occurs in layer 0 only with votes against, in layer 1 only with votes for
    of_d = edges["label"] == "d"
    edges.loc[of_d, "retained"] = edges.loc[of_d, "layer"] == 1
    edges = edges[~((edges["layer"] == 0) & ~of_d)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(edges)
    separated = model.problems[model.problems["problem"] == "separated"]
    assert len(separated)
    assert model.effects.loc[model.effects["reason"] == "", "effect"].notna().any()
    assert (model.coefficients["coefficient"].abs() < 20).all()
    assert model.fit["converged"].iloc[0]


def test_aliased_columns_are_dropped_and_named(drawn: Simulated) -> None:
    model = fitted(drawn.edges, factors=(*FIVE, "frequency"))
    row = of(model, "frequency").iloc[0]
    assert np.isnan(row["effect"])
    assert row["reason"] == "aliased: determined by label: column dropped"
    pd.testing.assert_frame_equal(model.coefficients, fitted(drawn.edges).coefficients)
    alone = fitted(drawn.edges, factors=("direction", "frequency"))
    assert np.isfinite(of(alone, "frequency")["effect"].iloc[0])
    edges = drawn.edges.assign(predicate_type=drawn.edges["direction"].map({"->": "V", "<-": "N"}))
    model = fitted(edges)
    assert "aliased: determined by direction" in of(model, "predicate_type")["reason"].to_list()[1]


def test_rare_levels_are_joined_and_constant_factors_left_out(drawn: Simulated) -> None:
    edges = drawn.edges.copy()
    edges["label"] = edges["label"].astype(str)
    for name, edge in (("odd", 0), ("odder", 1)):
        edges.loc[(edges["sentence"] < 8) & (edges["edge"] == edge), "label"] = name
    model = fitted(edges, factors=(*FIVE, "position"))
    assert {"(rare)", "a"} <= set(of(model, "label")["level"])
    rare = model.problems[model.problems["problem"] == "rare"]
    assert list(rare["level"]) == ["odd", "odder"]
    assert list(rare["n"]) == [16, 16]
    constant = model.problems[model.problems["problem"] == "constant"]
    assert list(constant["factor"]) == ["position"]
    assert "one level only" in of(model, "position")["reason"].iloc[0]


@pytest.mark.parametrize(
    ("sentences", "problem", "intervals"),
    [(3, "too few clusters", False), (8, "too few clusters", False), (30, "few clusters", True)],
)
def test_few_clusters_are_reported(sentences: int, problem: str, intervals: bool) -> None:
    drawn = simulated_edges(sentences=sentences, seed=6, edges=40)
    model = fitted(drawn.edges)
    assert problem in list(model.problems["problem"])
    assert model.effects["effect"].notna().any()
    assert bool(model.effects["effect_low"].notna().any()) is intervals
    assert bool(model.coefficients["se"].notna().all()) is intervals


@pytest.mark.parametrize("value", [True, False])
def test_votes_that_all_agree_give_no_model(drawn: Simulated, value: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(drawn.edges.assign(retained=value))
    assert "no variation" in list(model.problems["problem"])
    assert model.effects["effect"].isna().all()
    assert (model.effects["reason"] != "").all()
    assert np.isnan(model.fit["auc"].iloc[0])


def test_documents_may_be_clusters() -> None:
    drawn = simulated_edges(sentences=200, seed=8, document=4)
    model = fitted(drawn.edges, cluster="document")
    assert model.fit["clusters"].iloc[0] == 50
    with pytest.raises(ConfigError, match="names no documents"):
        fitted(
            edges_of([{}, {"edge": 1, "retained": True}]).assign(document=""), cluster="document"
        )


def test_unknown_names_are_refused(drawn: Simulated) -> None:
    for options, message in (
        ({"factors": ("label", "word")}, "factors="),
        ({"factors": ("label", "label")}, "each once"),
        ({"cluster": "token"}, "cluster='token'"),
        ({"estimator": "probit"}, "estimator='probit'; expected one of gee, logit"),
    ):
        with pytest.raises(ConfigError, match=message):
            fitted(drawn.edges, **options)


def test_the_check_of_fit_tells_a_good_model_from_a_bad_one() -> None:
    effects = {**EFFECTS, "distance": 1.5, "constant": -4.0}
    drawn = simulated_edges(sentences=400, seed=11, effects=effects)
    good = fitted(drawn.edges)
    assert good.fit["p"].iloc[0] > 0.001
    assert good.fit["auc"].iloc[0] > 0.75
    assert len(good.calibration) == 10
    assert good.calibration["n"].sum() == good.fit["items"].iloc[0]
    assert good.calibration["difference"].abs().max() < 0.05
    odd = drawn.edges["token_distance"] % 3 == 0
    bad = fitted(drawn.edges.assign(retained=drawn.edges["retained"] ^ odd))
    assert bad.fit["p"].iloc[0] < 1e-6


def test_an_item_without_some_votes_counts_those_it_has(drawn: Simulated) -> None:
    whole = drawn.edges
    part = whole[(whole["seed"] != 2) | (whole["edge"] % 2 == 0)]
    model = fitted(part, estimator="logit")
    assert model.fit["seeds"].iloc[0] == 3
    assert len(model.effects) == len(fitted(whole).effects)


def test_equations_without_a_solution_give_no_estimates(
    make_tables: Callable[..., RunTables],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(make_tables().edges, factors=(*FIVE, "position"))
    assert not model.fit["converged"].iloc[0]
    assert "not converged" in list(model.problems["problem"])
    assert model.effects[["adjusted", "effect", "effect_low", "p"]].isna().all(axis=None)
    assert set(model.effects["reason"]) == {"not converged"}
    assert model.coefficients["coefficient"].isna().all()


def test_a_factor_that_decides_everything_leaves_nothing_to_fit(drawn: Simulated) -> None:
    edges = drawn.edges.assign(retained=drawn.edges["direction"] == "->")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(edges)
    assert "no edge is left: nothing is fitted" in list(model.problems["done"])
    reasons = of(model, "direction").set_index("level")["reason"]
    assert reasons["->"].startswith("separated: always")
    assert reasons["<-"].startswith("separated: never")
    assert model.fit["items"].iloc[0] == 0
    assert model.calibration.empty
