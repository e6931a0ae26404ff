"""What a million tokens cost in shards, how well that predicts, and what Ray costs besides.

    python tests/benchmarks/bench_shards.py --conllu en_ewt-ud-train.conllu

The sentences' texts of a CoNLL-U file, a document each ``--sentences``, are parsed with the bundled
parser, masked with a bundled model and tabulated by one worker with one thread: a small corpus,
from which the calculator predicts, and a larger one, which is then measured. ``--write`` puts the
figures into ``linguagraph/pretrained/cost.json``. ``--ray`` compares engines with two workers.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from linguagraph.files import write_json
from linguagraph.pretrained import cost_path
from linguagraph.runs.collection import STAGES
from linguagraph.runs.cost import Rates, estimate, measured_rates
from linguagraph.runs.measure import hardware
from linguagraph.runs.recipe import MaskRecipe, Recipe, ShardSizes
from linguagraph.runs.running import run_recipe


def write_texts(conllu: Path, home: Path, *, sentences: int, tokens: int) -> Path:
    """Documents of so many sentences, about ``tokens`` tokens in all, as plain text."""
    home.mkdir(parents=True)
    lines: list[str] = []
    count = number = 0
    with open(conllu, encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("# text = "):
                lines.append(line[9:].strip())
            elif line[:1].isdigit():
                count += 1
            if len(lines) == sentences or (count >= tokens and not line.strip()):
                (home / f"{number:05d}.txt").write_text("\n\n".join(lines) + "\n")
                lines, number = [], number + 1
            if count >= tokens and not line.strip():
                break
    return home


def measure(texts: Path, out: Path, *, model: str, seeds: int, device: str) -> Rates:
    """Rates of one worker with one thread."""
    recipe = Recipe(
        (str(texts),),
        ShardSizes(documents=40),
        mask=MaskRecipe(model=model, seeds=str(seeds)),
    )
    run_recipe(recipe, out, threads=1, device=device, warn=print)
    return measured_rates(out)


def with_seeds(five: Rates, one: Rates) -> Rates:
    """The part of each cost that grows with probes, from runs with five and with one."""
    per_seed = {}
    for name, many, few in (
        *((s, five.seconds[s], one.seconds[s]) for s in STAGES[2:]),
        *((f"{p} megabytes", five.megabytes[p], one.megabytes[p]) for p in ("mask", "tables")),
        ("rows", five.rows, one.rows),
    ):
        grows = (many - few) / (five.seeds - one.seeds) * five.seeds
        per_seed[name] = round(min(1.0, max(0.0, grows / many)), 4)
    return replace(five, per_seed=per_seed)


def compare(rates: Rates, found: Rates, tokens: float) -> None:
    """Predicted and measured cost of a larger corpus."""
    guessed = estimate(rates, tokens)
    for stage in STAGES:
        real = found.seconds[stage] * tokens / 1e6
        print(f"  {stage:9} {3600 * guessed.hours[stage]:8.1f} s predicted {real:8.1f} s measured")
    work = 3600 * sum(v for k, v in guessed.hours.items() if k in STAGES)
    real = sum(found.seconds.values()) * tokens / 1e6
    print(f"  all       {work:8.1f} s predicted {real:8.1f} s measured: {work / real:.3f}")
    size = 1000 * sum(guessed.gigabytes.values())
    real = sum(found.megabytes.values()) * tokens / 1e6
    print(f"  disk      {size:8.1f} MB predicted {real:7.1f} MB measured: {size / real:.3f}")


def compare_engines(texts: Path, home: Path, *, model: str) -> None:
    """The same shards with two workers by each engine; the second run does nothing."""
    recipe = Recipe((str(texts),), ShardSizes(documents=10), mask=MaskRecipe(model=model))
    times: dict[str, list[float]] = {}
    for engine in ("local", "ray"):
        for _ in range(2):
            began = time.perf_counter()
            made = run_recipe(recipe, home / engine, engine=engine, workers=2, threads=1)
            times.setdefault(engine, []).append(time.perf_counter() - began)
            print(f"  {engine}: {len(made.done)} shards in {times[engine][-1]:.1f} s")
    print(f"  Ray by local engine: {times['ray'][0] / times['local'][0]:.3f}")


def main() -> None:
    """Measure, predict, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conllu", type=Path, required=True)
    parser.add_argument("--small", type=int, default=10_000, help="about so many tokens")
    parser.add_argument(
        "--large",
        type=int,
        default=50_000,
        help="tokens; every n-th document is in the small corpus",
    )
    parser.add_argument("--sentences", type=int, default=15, help="of a document")
    parser.add_argument("--model", default="srl-gnn")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--ray", action="store_true", help="compare engines instead")
    parser.add_argument("--write", action="store_true", help="write pretrained/cost.json")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="linguagraph-shards-"))
    try:
        size = {"sentences": given.sentences, "tokens": given.large}
        large = write_texts(given.conllu, home / "large", **size)
        small = home / "small"
        small.mkdir()
        for number, path in enumerate(sorted(large.iterdir())):  # a corpus changes as it goes on
            if number % max(1, given.large // given.small) == 0:
                shutil.copy(path, small)
        if given.ray:
            compare_engines(small, home, model=given.model)
            return
        shared = {"model": given.model, "device": given.device}
        measure(small, home / "warm", seeds=5, **shared)  # files and kernels, once
        five = measure(small, home / "five", seeds=5, **shared)
        one = measure(small, home / "one", seeds=1, **shared)
        rates = with_seeds(five, one)
        found = measure(large, home / "out", seeds=5, **shared)
        tokens = sum(
            json.loads(p.read_text())["tokens"] for p in home.glob("out/shards/*/shard.json")
        )
        print(f"{given.model}, {given.device}: {five.about.split()[0]} -> {tokens:,} tokens")
        compare(rates, found, tokens)
        final = replace(found, per_seed=rates.per_seed)
        facts = hardware("cpu", 1)
        about = f"{tokens:,} tokens of text, one thread of {facts['cpu']}, {date.today():%Y-%m}"
        if given.device != "cpu":
            about += f", masks on {hardware(given.device, 1).get('gpu')}"
        entry = {
            "model": given.model,
            "device": given.device,
            "seconds": {k: round(v, 1) for k, v in final.seconds.items()},
            "megabytes": {k: round(v, 1) for k, v in final.megabytes.items()},
            "rows": round(final.rows),
            "seeds": final.seeds,
            "per_seed": final.per_seed,
            "about": about,
        }
        print(json.dumps(entry, indent=2))
        if given.write:
            path = cost_path()
            known = json.loads(path.read_text()) if path.is_file() else {"rates": []}
            same = (given.model, given.device)
            kept = [e for e in known["rates"] if (e["model"], e["device"]) != same]
            write_json(path, {**known, "rates": [*kept, entry]})
            print(f"{path}: written on {platform.system()}")
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
