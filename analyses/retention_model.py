"""Which factors decide whether an edge is retained, when all the others are held equal?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import RetentionModel, compile_items
from linguagraph.aggregates import retention_model as fit_model
from linguagraph.aggregates.retention_model import retention_models
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section, TableBlock

from .blocks import nothing, question, shown
from .model_drawings import draw_effects
from .model_words import effects_in_words, effects_summary
from .params import Params
from .terms import terms

__all__ = ["run"]

NAME, TITLE = "retention_model", "Factors of retention"
GEE = ("gee", "gee_low", "gee_high")
ENDS = (
    "share",
    "adjusted",
    "adjusted_low",
    "adjusted_high",
    "effect",
    "effect_low",
    "effect_high",
    *GEE,
)
LANGUAGE = ("label", "direction", "predicate_type", "distance", "position", "layer", "frequency")
GRAPHS = ("label", "layer", "frequency")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """A cluster-robust logit of the votes on every edge, the GEE beside it, and a check of fit."""
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "the edge table is empty"),)
    factors = LANGUAGE if terms(tables).language else GRAPHS
    items = compile_items(tables.edges)
    both = ("logit", "gee")
    model, gee = retention_models(items, both, resampling=params.resampling, factors=factors)
    others = tuple(name for name in factors if name != "label")
    frequent = fit_model(items, resampling=params.resampling, factors=others)
    effects = _with_frequency(model.effects, frequent.effects)
    beside = _with_frequency(gee.effects, frequent.effects)
    ends = ("effect", "effect_low", "effect_high")
    beside = beside[["factor", "level", *ends]].set_axis(["factor", "level", *GEE], axis=1)
    effects = effects.merge(beside, on=["factor", "level"], how="left")
    effects.loc[effects["factor"] == "frequency", list(GEE)] = float("nan")
    fits = pd.concat([model.fit, gee.fit, frequent.fit], ignore_index=True)
    fits.insert(0, "model", ["all factors", "all factors", "frequency in the place of labels"])
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=effects_in_words(effects, model, params),
            figures=(draw_effects(effects, params),),
            tables=_tables(effects, (model, gee, frequent), fits),
            notes=(
                f"A vote (a seed's verdict on an edge in a layer) is one case, a "
                f"{terms(tables).cases.removesuffix('s')} one cluster: intervals allow for the "
                "dependence of all votes in it, those of several seeds included.",
                "Adjusted share: mean prediction if every edge had the level and were otherwise as "
                "it is; effect: its difference from the reference level. Distance and frequency: "
                "log2, so that an effect is that of doubling them. The frequency of a label is "
                "fixed by the label; its effect is from a model without labels.",
                "Position: on_path lies on a dependency path from the predicate to a predicted "
                "argument and leads to the argument; against_path is its counterpart; then "
                "into_argument, at_predicate, off_path: off these paths.",
                "The logit counts all edges alike; the GEE weighs down the edges of long sentences "
                "and is calibrated for a typical sentence, not over all edges.",
                "Effects describe what the masks do; a factor that is not in the model may lie "
                "behind them.",
            ),
            summary={NAME: effects_summary(effects, model)},
        ),
    )


def _with_frequency(effects: pd.DataFrame, frequent: pd.DataFrame) -> pd.DataFrame:
    """Effects with the row of the frequency from the model without labels."""
    row = frequent[frequent["factor"] == "frequency"]
    return pd.concat([effects[effects["factor"] != "frequency"], row], ignore_index=True)


def _tables(
    effects: pd.DataFrame, models: tuple[RetentionModel, ...], fits: pd.DataFrame
) -> tuple[TableBlock, ...]:
    model = models[0]
    both = pd.concat(
        [m.coefficients.assign(estimator=m.fit["estimator"].iloc[0]) for m in models[:2]]
    )
    said = zip(models, fits["estimator"], fits["model"], strict=True)
    problems = pd.concat([m.problems.assign(estimator=e, model=name) for m, e, name in said])
    problems = problems.drop_duplicates(["problem", "factor", "level", "n", "done"])
    main = "Effect of each level on the retained share, all other factors equal. share: as "
    main += "observed; adjusted: as predicted with all else equal; effect: of the logit, gee: of "
    main += "the GEE; p_holm: adjusted over the rows; reason: why there is no effect."
    odds = "Log odds of both estimators, with intervals."
    check = "Check of fit: edges in ten groups by predicted share, against what is observed."
    what = "What could not be estimated as asked, and what was done."
    whole = "Fits. left_out: edges set aside; correlation: of votes in a cluster; chi2, df, p: "
    whole += "cluster-robust test of the ten groups; auc: on the same edges."
    share = ("predicted", "observed", "difference", "low", "high")
    return (
        shown("retention_effects", main, effects, percent=ENDS, folded=len(effects) > 30),
        shown("retention_problems", what, problems, folded=len(problems) > 10),
        shown("retention_fit", whole, fits, folded=True),
        shown("retention_calibration", check, model.calibration, percent=share, folded=True),
        shown("retention_coefficients", odds, both, folded=True),
    )
