"""The command that trains a predicate finder: options reach the run, scores are printed."""

from __future__ import annotations

from pathlib import Path

import typer
from srl_tools import build_sentence
from typer.testing import CliRunner

from linguagraph.commands.train_predicates import train_predicates
from linguagraph.documents import write_sentences
from linguagraph.models.predicate_checkpoints import load_finder


def test_options_reach_the_training_and_scores_are_printed(tmp_path: Path) -> None:
    rows = [("dogs", "NNS", 1, "nsubj"), ("barked", "VBD", -1, "root")]
    corpus = tmp_path / "toy.conll09"
    write_sentences([build_sentence(rows, [(1, {})], index=i) for i in range(8)], corpus)
    app = typer.Typer()
    app.command()(train_predicates)
    options = ["--train", str(corpus), "--dev", str(corpus), "--out", str(tmp_path / "out")]
    more = ["--epochs", "1", "--seed", "4", "--name", "toy", "--device", "cpu", "--threads", "1"]
    done = CliRunner().invoke(app, [*options, *more, "--licence", "CC0"])
    assert done.exit_code == 0, done.output
    assert "epoch 1/1" in done.output
    assert "(8 gold)" in done.output
    _, record = load_finder(tmp_path / "out")
    assert (record["name"], record["licence"]) == ("toy", "CC0")
    assert (record["training"]["epochs"], record["training"]["seed"]) == (1, 4)
