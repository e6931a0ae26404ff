"""Hours and gigabytes of a corpus, by hand; and what finished shards say they cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import make_model

from linguagraph.columns import TABLES
from linguagraph.edges.storage import read_table
from linguagraph.errors import ConfigError, RunError
from linguagraph.pretrained import BUNDLED, cost_path
from linguagraph.runs.cost import Rates, analyse_seconds, bundled_rates, estimate, measured_rates
from linguagraph.runs.recipe import MaskRecipe, Recipe, ShardSizes
from linguagraph.runs.running import run_recipe

RATES = Rates(
    seconds={"parse": 360.0, "graph": 36.0, "mask": 720.0, "tabulate": 72.0},
    megabytes={"parse": 100.0, "graph": 10.0, "mask": 500.0, "tables": 400.0},
    rows=1e6,
    seeds=5,
    share=0.5,
    per_seed={"mask": 0.75, "tables megabytes": 0.9, "rows": 1.0, "tabulate": 0.5},
)


def test_costs_grow_with_tokens_and_shrink_with_workers() -> None:
    found = estimate(RATES, 1e9, machines=5, workers=2)
    assert found.hours["parse"] == pytest.approx(100)
    assert found.hours["graph"] == pytest.approx(10)
    assert found.hours["mask"] == pytest.approx(200)
    assert found.hours["tabulate"] == pytest.approx(20)
    assert found.rows == pytest.approx(1e9)
    report = analyse_seconds(1e9) / 3600
    assert found.hours["analyse"] == pytest.approx(report)
    assert found.wall_hours == pytest.approx(330 / 10 + report)
    assert found.gigabytes == pytest.approx(
        {"parse": 100.0, "graph": 10.0, "mask": 500.0, "tables": 400.0}
    )
    assert found.to_json()["gigabytes_in_all"] == pytest.approx(1010)


def test_probes_and_shares_change_masks_and_tables_alone() -> None:
    found = estimate(RATES, 1e9, seeds=1, share=1.0)
    assert found.hours["parse"] == pytest.approx(100)
    assert found.hours["mask"] == pytest.approx(200 * 2 * (0.25 + 0.75 / 5))
    assert found.hours["tabulate"] == pytest.approx(20 * 2 * (0.5 + 0.5 / 5))
    assert found.gigabytes["mask"] == pytest.approx(500 * 2 / 5)  # grows with probes if unknown
    assert found.gigabytes["tables"] == pytest.approx(400 * 2 * (0.1 + 0.9 / 5))
    assert found.rows == pytest.approx(1e9 * 2 / 5)


def test_stages_can_be_left_out() -> None:
    found = estimate(RATES, 1e6, until="graph", parsed=True)
    assert found.hours == pytest.approx({"parse": 0.0, "graph": 0.01})
    assert found.gigabytes == pytest.approx({"parse": 0.1, "graph": 0.01})
    assert found.rows == 0


@pytest.mark.parametrize(
    "wrong", [{"tokens": 0}, {"machines": 0}, {"workers": 0}, {"seeds": 0}, {"share": 1.5}]
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected more than 0"):
        estimate(RATES, **{"tokens": 1.0, **wrong})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="until"):
        estimate(RATES, 1, until="analyse")


def test_finished_shards_say_what_they_cost(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for number in range(3):
        (tmp_path / "texts" / f"{number}.txt").write_text("The dog chased the cat. It ran.\n")
    model = make_model(tmp_path / "model")
    mask = MaskRecipe(model=str(model), seeds="2")
    recipe = Recipe((str(tmp_path / "texts"),), ShardSizes(documents=2), mask=mask)
    run_recipe(recipe, tmp_path / "out", device="cpu")
    rates = measured_rates(tmp_path / "out")
    homes = sorted((tmp_path / "out" / "shards").iterdir())
    records = [json.loads((home / "shard.json").read_text()) for home in homes]
    tokens = sum(record["tokens"] for record in records)
    assert tokens >= 3 * 9
    rows = sum(len(read_table(home / "edges.parquet", TABLES["edges"])) for home in homes)
    assert rates.rows == pytest.approx(rows / tokens * 1e6)
    assert rates.seeds == 2
    tables = sum(p.stat().st_size for home in homes for p in home.glob("*.parquet"))
    assert rates.megabytes["tables"] == pytest.approx(tables / tokens)
    again = estimate(rates, tokens)
    spent = sum(record["stages"]["mask"]["seconds"] for record in records)
    assert again.hours["mask"] * 3600 == pytest.approx(spent)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError):
        measured_rates(tmp_path / "empty")


def test_bundled_models_were_measured() -> None:
    for model in ("srl-gnn", "srl-lstm-gnn"):
        assert model in BUNDLED
        rates = bundled_rates(model, "cpu")
        assert min(rates.seconds.values()) > 0
        assert rates.seeds == 5
        assert 0 < rates.per_seed["mask"] < 1
    assert json.loads(cost_path().read_text())["analyse"]["seconds_per_million_rows"] > 0
    with pytest.raises(ConfigError, match="nothing was measured for qa on cpu; known: srl-gnn"):
        bundled_rates("qa", "cpu")
