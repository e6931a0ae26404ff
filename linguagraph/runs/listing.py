"""The bundled models -> what each is, how good, from which data, how to rebuild it; no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from linguagraph.errors import CheckpointError
from linguagraph.pretrained import BUNDLED, BUNDLED_QA, bundled_path

__all__ = ["list_models"]

WHAT = {
    "srl-gnn": "semantic roles: MLP over token features, two gated GCN layers",
    "srl-lstm-gnn": "semantic roles: two-layer BiLSTM, one gated GCN layer",
}


def list_models() -> list[dict[str, Any]]:
    """One entry per bundled model, with texts for people and numbers under ``details``.

    Raises:
        CheckpointError: a bundled file is missing or damaged.
    """
    home = bundled_path(BUNDLED[0]).parent
    models = [_entry(name, bundled_path(name)) for name in BUNDLED]
    models += [_questions(name, bundled_path(name)) for name in BUNDLED_QA]
    return [*models, _finder(home / "predicates-en"), _parser(home / "parser-en")]


def _questions(name: str, directory: Path) -> dict[str, Any]:
    record = _sidecar(directory / "model.json")
    probes = [_sidecar(path) for path in sorted((directory / "probes").glob("seed-*.json"))]
    quality = [probe["quality"] for probe in probes]
    training, data, scores = record["training"], record["data"], record["scores"]
    seed = f"--seed {training['seed']} --licence '{data['licence']}'"
    return {
        "name": name,
        "fingerprint": record["fingerprint"],
        "megabytes": _megabytes(directory),
        "what": f"two-hop questions: BiLSTM over the query, R-GCN of "
        f"{record['config']['layers']} layers with shared parameters over the entity graph; "
        f"{record['parameters']:,} parameters",
        "scores": f"accuracy on dev {100 * scores['accuracy']:.2f} ({scores['items']} questions)",
        "masks": (
            f"GraphMask probes for {len(probes)} seeds: "
            f"{100 * _mean(quality, 'retained'):.1f}% of edges retained on dev, "
            f"{100 * _mean(quality, 'same'):.1f}% of the answers the same (means)"
        ),
        "data": f"{data['train']['name']} ({data['train']['fingerprint']}), "
        f"{training['examples']:,} two-hop and {training['auxiliary']:,} one-hop questions made "
        "from 2WikiMultihopQA",
        "licence": f"weights trained on {data['licence']} data",
        "rebuild": (
            f"linguagraph train qa {seed} --device cpu --threads 1 --train train.json --auxiliary "
            "train_1hop.json --dev dev.json -o DIR && linguagraph train graphmask --model DIR "
            "--device cpu --threads 1 --train train.json --dev dev.json"
        ),
        "details": {
            "dev_accuracy": scores["accuracy"],
            "retained": [q["retained"] for q in quality],
            "same": [q["same"] for q in quality],
            "seeds": [probe["seed"] for probe in probes],
        },
    }


def _parser(directory: Path) -> dict[str, Any]:
    facts = _sidecar(directory / "facts.json")
    raw = facts["scores"]["raw text"]
    shown = ", ".join(f"{name} {raw[name]:.2f}" for name in ("Tokens", "Sentences", "UPOS", "LAS"))
    return {
        "name": directory.name,
        "fingerprint": facts["processors"]["parser"],
        "megabytes": _megabytes(directory),
        "what": f"text to trees: five small models for {facts['package']}, without word vectors",
        "scores": f"F1 on {facts['scored_on']}, from raw text: {shown}; with gold tokens: LAS "
        f"{facts['scores']['gold tokens']['LAS']:.2f}",
        "data": facts["trained_on"],
        "licence": f"weights trained on {facts['licence']} data",
        "rebuild": "linguagraph train parser --treebank UD_English-EWT "
        f"--licence '{facts['licence']}' --train train.conllu --dev dev.conllu -o DIR",
        "details": facts["scores"],
    }


def _finder(directory: Path) -> dict[str, Any]:
    record = _sidecar(directory / "model.json")
    scores = {kind: found["f1"] for kind, found in record["scores"].items()}
    shown = ", ".join(f"{kind} {100 * scores[kind]:.2f}" for kind in ("V", "N", "J"))
    return {
        "name": directory.name,
        "fingerprint": record["fingerprint"],
        "megabytes": _megabytes(directory),
        "what": f"which tokens are predicates; {record['parameters']:,} parameters",
        "scores": f"F1 on dev {shown}",
        "data": f"{record['data']['train']['name']} ({record['data']['train']['fingerprint']})",
        "licence": f"weights trained on {record['data']['licence']} data",
        "rebuild": "linguagraph train predicates --train train.conll09 --dev dev.conll09 "
        f"--licence '{record['data']['licence']}' -o DIR",
        "details": {"dev_f1": scores},
    }


def _entry(name: str, directory: Path) -> dict[str, Any]:
    record = _sidecar(directory / "model.json")
    probes = [_sidecar(path) for path in sorted((directory / "probes").glob("seed-*.json"))]
    scores = {kind: found["f1"] for kind, found in record["scores"].items()}
    quality = [probe["quality"] for probe in probes]
    training, data = record["training"], record["data"]
    return {
        "name": name,
        "fingerprint": record["fingerprint"],
        "megabytes": _megabytes(directory),
        "what": f"{WHAT[name]}; {record['parameters']:,} parameters",
        "scores": "role F1 on dev "
        + ", ".join(f"{kind} {100 * scores[kind]:.2f}" for kind in ("all", "V", "N", "J")),
        "masks": (
            f"GraphMask probes for {len(probes)} seeds: "
            f"{100 * _mean(quality, 'retained'):.1f}% of edges retained on dev at "
            f"{100 * _mean(quality, 'difference'):+.2f} F1 (means)"
        ),
        "data": f"{data['train']['name']} ({data['train']['fingerprint']}), "
        f"{training['examples']:,} predicates of UD_English-EWT r2.16 with PropBank roles",
        "licence": f"weights trained on {data['licence']} data",
        "rebuild": (
            f"linguagraph train srl --model {name} --epochs {training['epochs']} "
            f"--precision {training['precision']} --seed {training['seed']} "
            f"--licence '{data['licence']}' --device cpu --threads 1 "
            "--train train.conll09 --dev dev.conll09 -o DIR && "
            "linguagraph train graphmask --model DIR --device cpu --threads 1 --train "
            "train.conll09 --dev dev.conll09 (corpora: linguagraph data ewt-srl)"
        ),
        "details": {
            "dev_f1": scores,
            "retained": [q["retained"] for q in quality],
            "difference": [q["difference"] for q in quality],
            "seeds": [probe["seed"] for probe in probes],
        },
    }


def _megabytes(directory: Path) -> float:
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return round(size / 1e6, 1)


def _mean(rows: list[dict[str, Any]], key: str) -> float:
    return sum(float(row[key]) for row in rows) / max(1, len(rows))


def _sidecar(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is missing or damaged; install the package anew") from error
    return found
