"""The section on keep and drop curves: what it says changes with the numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import tables as synthetic
from linguagraph.analyses import Params, analyse, curves, summary

from linguagraph.columns import FIDELITY
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

QUICK = Params(resamples=100, min_n=5)
SHARES = (0, 20, 50, 100)


def fidelity(
    *, mask: float, control: float, complement: float, controls: tuple[str, ...], fill: str
) -> pd.DataFrame:
    """30 sentences: confidence with the mask, a control in its place, and without either."""
    random = np.random.default_rng(0)
    rows = []
    for sentence in range(30):
        noise = float(random.normal(0, 0.01))
        base = {"model": "srl-gnn", "method": "graphmask", "seed": 0, "sentence": sentence}
        base |= {"predicate_type": "V", "graph": sentence, "edges": 10, "units": 2}
        base |= {
            "original_confidence": 0.9,
            "same": 1.0,
            "divergence": 0.0,
            "kl": 0.0,
            "fill": fill,
        }
        for source in ("method", *controls):
            alone, without = (mask, complement) if source == "method" else (control, control)
            found = {"mask": alone, "complement": without}
            for share in SHARES:
                if source != "method" and share in (0, 100):
                    continue
                found[f"keep_{share}"] = alone if 0 < share < 100 else 0.9 * share / 100
                found[f"drop_{share}"] = without if 0 < share < 100 else 0.9 - 0.9 * share / 100
            for condition, value in found.items():
                more = {"condition": condition, "control": source, "draw": 0, "kept": 2}
                rows.append({**base, **more, "confidence": value + noise * (source == "method")})
    names = ("correct", "original_correct", "correct_changed")
    return FIDELITY.check(pd.DataFrame(rows).assign(**dict.fromkeys(names, np.nan)))


def section(run: RunTables, **numbers: float | str | tuple[str, ...]) -> Section:
    given = {"mask": 0.85, "control": 0.5, "complement": 0.2, "fill": "baselines"}
    given |= {"controls": ("random", "random_labels")} | numbers
    (found,) = curves.run(replace(run, fidelity=fidelity(**given)), QUICK)  # type: ignore[arg-type]
    return found


def test_a_run_without_the_table_has_no_section(small_tables: RunTables) -> None:
    assert curves.run(small_tables, QUICK) == ()
    assert curves.run(replace(small_tables, fidelity=FIDELITY.empty()), QUICK) == ()


def test_numbers_and_verdict_of_a_faithful_mask(small_tables: RunTables) -> None:
    text = section(small_tables).finding
    assert text.startswith("With the retained edges alone (20.0%) the model's own answers lose 5.")
    assert "of probability, without them " in text
    assert "Compared with a control (random, same number and labels)" in text
    assert "points smaller (95% interval −" in text
    assert "points larger (95% interval +" in text
    ending = "more sufficient and more needed than edges drawn at random."
    assert text.endswith(ending)


@pytest.mark.parametrize("graphs", [1, 4])
def test_too_few_graphs_say_nothing_of_chance(small_tables: RunTables, graphs: int) -> None:
    table = fidelity(mask=0.85, control=0.5, complement=0.2, controls=("random",), fill="baselines")
    few = replace(
        small_tables,
        fidelity=table[table["sentence"] < graphs],
        manifest={**small_tables.manifest, "language": False},
    )
    (found,) = analyse(few, QUICK, names=("curves",))
    for word in ("more sufficient", "more needed", "faithful than chance", "labels alone"):
        assert word not in found.finding
    assert "points smaller (no interval)" in found.finding
    assert "without an interval nothing can be concluded from this." in found.finding
    noun = "1 graph" if graphs == 1 else "4 graphs"
    assert f"too few graphs for intervals ({noun}; at least 5 are needed)" in found.finding
    for block in found.tables:
        ends = [c for c in block.frame.columns if str(c).endswith(("low", "high"))]
        assert ends
        assert block.frame[ends].isna().all(axis=None)
    shape = summary([found])["faithfulness_curves"]["graphmask"]["baselines"]["method"]
    assert shape["sufficiency"]["ci_low"] is None
    assert shape["sufficiency"]["value"] is not None


@pytest.mark.parametrize("method", ["nonamortised", "information_bottleneck", "edge_ig"])
def test_rivals_with_fills_of_their_own_are_measured_without(
    small_tables: RunTables, method: str
) -> None:
    table = fidelity(mask=0.85, control=0.5, complement=0.2, controls=("random",), fill="zeros")
    run = replace(small_tables, fidelity=FIDELITY.check(table.assign(method=method)))
    (found,) = curves.run(run, QUICK)
    said = f"The masks of {method} were found with learned replacements of their own"
    assert any(note.startswith(said) for note in found.notes) == (method != "edge_ig")


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ({"control": 0.88, "complement": 0.2}, "random edges are more sufficient, so the mask"),
        ({"mask": 0.5, "complement": 0.5}, "nothing shows that the mask is more faithful"),
        ({"mask": 0.5, "complement": 0.2}, "what it retains is more needed than edges drawn"),
        ({"controls": ()}, "No random control was run, so nothing shows that the choice matters."),
    ],
)
def test_verdicts(small_tables: RunTables, numbers: dict[str, float], verdict: str) -> None:
    assert verdict in section(small_tables, **numbers).finding


def test_figure_tables_and_summary(small_tables: RunTables) -> None:
    found = section(small_tables)
    (figure,) = found.figures
    ElementTree.fromstring(figure.svg)
    assert "top edges kept, the mask: 0% " in figure.alt
    assert "top edges dropped, random, same number: " in figure.alt
    assert "learned baselines" in figure.caption
    names = [table.name for table in found.tables]
    assert names == ["faithfulness_measures", "faithfulness_measures_all", "faithfulness_curves"]
    assert figure.data in names
    main = found.tables[0].frame.set_index("measure")
    assert main.loc["sufficiency", "better"] == "lower"
    assert main.loc["comprehensiveness", "random_labels_difference"] == pytest.approx(0.3, abs=0.02)
    for table in found.tables:
        assert set(table.percent) <= set(table.frame.columns)
    numbers = summary([found])["faithfulness_curves"]["graphmask"]["baselines"]
    assert numbers["method"]["sufficiency"]["value"] == pytest.approx(0.05, abs=0.02)
    assert numbers["method"]["sufficiency"]["difference"] is None
    json.dumps(numbers, allow_nan=False)


def test_how_many_were_measured(small_tables: RunTables) -> None:
    assert section(small_tables).notes[0].startswith("Measured on 30 graphs.")
    known = {**small_tables.manifest, "faithfulness": {"examples": 30, "of": 1200}}
    noted = section(replace(small_tables, manifest=known)).notes[0]
    assert noted.startswith("Measured on 30 of 1,200 predicates (drawn at random).")


def test_nothing_instead_of_baselines(small_tables: RunTables) -> None:
    assert "messages become nothing" in section(small_tables, fill="zeros").figures[0].caption


def test_empty_run_has_none() -> None:
    assert curves.run(synthetic.empty_run(), QUICK) == ()
