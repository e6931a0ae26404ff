"""What was run, on what data, with what settings, and at what cost?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import Items, faithfulness_by_seed, retention
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .facts import corpus_counts, lookup, model_name
from .method_words import method_rows, method_words
from .params import Params
from .phrases import count, percent
from .provenance import Pairs, dropped, models, part, settings, stages, text, value_table
from .terms import terms
from .token_parts import items_of, unit_of

__all__ = ["run"]

CORPUS = ("format", "fingerprint", "trees", "label_set")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """What a reviewer's checklist asks for, from the run's manifest."""
    manifest, items = tables.manifest, items_of(tables)
    words, method, unit = terms(tables), method_words(tables), unit_of(tables)
    graphs = "sentence graphs" if words.language else "graphs"
    score = "role F1" if words.language else params.score
    counts, corpus = corpus_counts(tables, items), part(manifest, "corpus")
    left_out: Pairs = [*dropped(manifest).items()] or [("nothing was recorded as dropped", 0)]
    hardware: Pairs = [*part(manifest, "hardware").items(), ("created", manifest.get("created"))]
    versions: Pairs = [("linguagraph", manifest.get("linguagraph"))]
    versions += sorted(part(manifest, "versions").items())
    data: Pairs = [*counts.items()]
    if words.language:
        data += [(key, corpus.get(key)) for key in CORPUS]
    runs = shown(
        "methods_runs",
        "Runs: one explained model, one row per seed, then mean and standard deviation. "
        f"n: {unit}s, each layer counted; low, high: interval of the retained share over "
        f"{words.cases}; {words.score}: {score} with the retained {unit}s.",
        _runs(tables, items, params).rename(columns={"f1": words.score}),
        percent=("retained", "low", "high", "f1", "score"),
    )
    return (
        Section(
            name="methods",
            title="Methods and provenance",
            question=question(__doc__),
            finding=_finding(tables, counts, len(items.seeds)),
            tables=(
                value_table("methods_data", f"Data statistics; edges: of the {graphs}.", data),
                value_table(
                    "methods_models",
                    "Explained model and probes."
                    if method.probes
                    else "Explained model and masking method.",
                    [*models(manifest, model_name(tables)), *method_rows(manifest)],
                ),
                runs,
                value_table(
                    "methods_settings",
                    "Hyperparameters and options.",
                    settings(manifest, params),
                    folded=True,
                ),
                value_table("methods_hardware", "Infrastructure and date.", hardware),
                stages(manifest),
                value_table("methods_dropped", "What was left out: reason and count.", left_out),
                value_table("methods_versions", "Software versions.", versions, folded=True),
            ),
            notes=(
                f"Mean and spread run over the seeds of the {method.run}s; the explained model is "
                "one, so nothing here speaks of variation between trained models.",
                f"Intervals: percentile bootstrap over {words.cases}, {params.resamples:,} "
                f"resamples, seed {params.seed}; at exactly 0% and 100%, Wilson's interval with "
                f"the contributing {words.cases} as cases."
                + (" Tests of many labels: Holm's adjustment." if words.language else ""),
            ),
        ),
    )


def _runs(tables: RunTables, items: Items, params: Params) -> pd.DataFrame:
    kept = retention(items, resampling=params.resampling)
    kept = kept[(kept["layer"] == "all") & ~kept["seed"].isin(["mean", "none"])]
    scores = faithfulness_by_seed(tables.scores)
    f1 = {str(r["seed"]): r["f1"] for r in rows(scores) if r["condition"] == "retained_100"}
    frame = kept[["seed", "n", "share", "low", "high"]].rename(columns={"share": "retained"})
    frame["f1"] = frame["seed"].map(f1).astype(float)
    n = int(frame["n"].max()) if len(frame) else 0
    spread = [
        {"seed": name, "n": n, "retained": column["retained"], "f1": column["f1"]}
        for name, column in (
            ("mean", frame[["retained", "f1"]].mean()),
            ("sd", frame[["retained", "f1"]].std()),
        )
    ]
    return pd.concat([frame, pd.DataFrame(spread)], ignore_index=True) if n else frame


def _finding(tables: RunTables, counts: Row, seeds: int) -> str:
    left_out = dropped(tables.manifest)
    words = f"{method_words(tables).runs(seeds, model_name(tables))} on "
    if terms(tables).language:
        words += f"{text(counts['predicates'])} predicates in {text(counts['sentences'])} sentences"
    else:
        words += f"{count(counts['graphs'], 'graph')} with {count(counts['edges'], 'edge')}"
    f1 = lookup(tables.manifest, "model", "dev_f1")
    if isinstance(f1, float):
        words += f"; the model's recorded development F1 is {percent(f1)}"
    if not sum(left_out.values()):
        return words + "; nothing was recorded as dropped."
    reasons = count(sum(1 for n in left_out.values() if n), "reason")
    return words + f"; {sum(left_out.values()):,} left out, for {reasons}."
