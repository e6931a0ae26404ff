"""Training and conversion from the command line, on corpora of a few sentences, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tiny import WIDTHS, sample_part

from linguagraph.cli import app
from linguagraph.documents import read_sentences
from linguagraph.runs.console import exit_status

Call = Callable[..., tuple[int, str, str]]

MODEL = (
    "[model]\n"
    + "".join(f"{name} = {width}\n" for name, width in WIDTHS.items())
    + "[training]\nlr = 0.01\ntokens = 400\nrare_word = 1\n"
)
PROBE = """
[probe]
hidden = 8
[fit]
epochs_after = 1
tokens = 400
checks = 1
[fit.divergence]
[constraint]
tolerance = 1
"""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command here: exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = exit_status(lambda: app([str(a) for a in arguments], standalone_mode=False))
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first ten sentences of the sample corpus."""
    return sample_part(tmp_path_factory.mktemp("corpus") / "part.conll09", 10)


@pytest.mark.parametrize("name", ["srl-gnn", "srl-lstm-gnn"])
def test_train_a_model_and_probes_and_report_on_them(
    call: Call, tmp_path: Path, corpus: Path, name: str
) -> None:
    home = tmp_path / "my model"
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "probe.toml").write_text(PROBE)
    data = ["--train", corpus, "--dev", corpus, "--threads", 1, "--device", "cpu"]
    status, out, err = call(
        "train", "srl", *data, "-o", home, "--model", name, "--epochs", 2, "--seed", 3,
        "--licence", "CC0", "--config", tmp_path / "model.toml",
    )  # fmt: skip
    assert (status, out) == (0, "")
    assert len([line for line in err.splitlines() if "epoch" in line]) == 2
    record = json.loads((home / "model.json").read_text())
    assert record["training"]["seed"] == 3
    assert record["config"]["hidden"] == WIDTHS["hidden"]
    assert record["data"]["licence"] == "CC0"

    status, out, err = call(
        "train", "graphmask", *data, "--model", home, "--seeds", "1,5", "--config",
        tmp_path / "probe.toml",
    )  # fmt: skip
    assert (status, out) == (0, "")
    assert err
    assert {p.name for p in (home / "probes").glob("seed-*.json")} == {"seed-1.json", "seed-5.json"}
    probe = json.loads((home / "probes" / "seed-5.json").read_text())
    assert probe["explains"] == record["fingerprint"]
    assert probe["training"]["constraint"]["tolerance"] == 1
    assert 0 <= probe["quality"]["retained"] <= 1
    learning = pd.read_parquet(home / "probes" / "learning.parquet")
    assert set(learning["seed"]) == {1, 5}

    if name == "srl-gnn":
        options = ["--model", home, "--threads", 1, "--device", "cpu", "--limit", 3, "--quiet"]
        assert call("report", corpus, "-o", tmp_path / "run", *options) == (0, "", "")
        manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
        assert manifest["seeds"] == [1, 5]
        assert manifest["model"]["licence"] == "CC0"
        pd.testing.assert_frame_equal(
            pd.read_parquet(tmp_path / "run" / "learning.parquet"), learning
        )


def test_the_same_seed_gives_the_same_model(call: Call, tmp_path: Path, corpus: Path) -> None:
    (tmp_path / "model.toml").write_text(MODEL)
    found = []
    for name in ("one", "two"):
        assert call(
            "train", "srl", "--train", corpus, "--dev", corpus, "--threads", 1, "--device", "cpu",
            "--epochs", 1, "-o", tmp_path / name, "--config", tmp_path / "model.toml", "-q",
        ) == (0, "", "")  # fmt: skip
        found.append(json.loads((tmp_path / name / "model.json").read_text())["fingerprint"])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("srl", "[model", "cannot be read as TOML"),
        ("srl", "[modle]\nhidden = 3", "unknown tables ['modle']; expected ['model', 'training']"),
        ("srl", "[model]\nhiden = 3", "[model] hiden: unknown option; expected one of"),
        ("srl", '[training]\nepochs = "3"', "[training] epochs = '3'; expected int such as"),
        ("srl", "[training]\nprecision = 16", "expected str such as 'float32'"),
        ("graphmask", "[fit]\ncheks = 3", "[fit] cheks: unknown option"),
        ("graphmask", "[fit.divergence]\nkind_ = 3", "[fit.divergence] kind_: unknown option"),
        ("graphmask", "[constraint]\nbeta = 3", "[constraint] beta: unknown option"),
        ("graphmask", "fit = 3", "[fit] is not a table"),
        ("graphmask", "[fit]\ndivergence = 3", "[fit.divergence] is not a table"),
    ],
)
def test_bad_settings_are_named(
    call: Call, tmp_path: Path, corpus: Path, command: str, text: str, message: str
) -> None:
    (tmp_path / "x.toml").write_text(text)
    status, _, err = call(
        "train", command, "--train", corpus, "--dev", corpus, "-o", tmp_path / "out", "--config",
        tmp_path / "x.toml", "--model", "srl-gnn",
    )  # fmt: skip
    assert status == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seeds", ["0", "1,1", "-3", "a", "", "1,-2"])
def test_bad_seeds_of_probes_are_named(
    call: Call, tmp_path: Path, corpus: Path, seeds: str
) -> None:
    (tmp_path / "model.safetensors").touch()
    status, _, err = call(
        "train", "graphmask", "--train", corpus, "--dev", corpus, "-o", tmp_path / "out",
        "--model", tmp_path, f"--seeds={seeds}",
    )  # fmt: skip
    assert status == 1
    assert f"seeds={seeds!r}; give a number" in err


WORDS = "1 Ann PROPN NNP 2 nsubj\n2 wins VERB VBZ 0 root\n3 prizes NOUN NNS 2 obj"
ROLES = "NNP - (ARG0*)\nVBZ win.01 (V*)\nNNS - (ARG1*)"


def test_join_a_treebank_and_propbank(call: Call, tmp_path: Path) -> None:
    rows = [row.split() for row in WORDS.split("\n")]
    lines = ["\t".join([r[0], r[1], r[1], r[2], r[3], "_", r[4], r[5], "_", "_"]) for r in rows]
    text = "# newdoc id = email-{}\n" + "\n".join(lines) + "\n\n"
    (tmp_path / "ud").mkdir()
    folder = tmp_path / "pb" / "ewt" / "email" / "00"
    folder.mkdir(parents=True)
    cells = [row.split() for row in ROLES.split("\n")]
    skeleton = [f"f.xml 0 {i} [WORD] {c[0]} (X*) - {c[1]} {c[2]}\n" for i, c in enumerate(cells)]
    for split in ("train", "dev"):
        (tmp_path / "ud" / f"en_ewt-ud-{split}.conllu").write_text(text.format(split))
        (folder / f"{split}.xml.gold_skel").write_text("".join(skeleton) + "\n")
    arguments = ["data", "ewt-srl", "--ud", tmp_path / "ud", "--propbank", tmp_path / "pb"]
    status, out, err = call(*arguments, "-o", tmp_path / "out")
    assert (status, err) == (0, "")
    assert "train" in out
    assert "predicates V 1" in out
    for split in ("train", "dev"):
        (sentence,) = read_sentences(tmp_path / "out" / f"{split}.conll09")
        (frame,) = sentence.frames
        assert frame.sense == "win.01"
        assert [(role.token, role.label) for role in frame.roles] == [(0, "A0"), (2, "A1")]
    status, out, _ = call(*arguments, "-o", tmp_path / "out", "--json")
    assert [split["arguments"] for split in json.loads(out)["splits"]] == [2, 2]


def test_convolution_depth_and_encoder_can_be_chosen(
    call: Call, tmp_path: Path, corpus: Path
) -> None:
    pytest.importorskip("torch_geometric")
    (tmp_path / "model.toml").write_text(MODEL + "epochs = 1\n")
    data = ["--train", corpus, "--dev", corpus, "--threads", 1, "--device", "cpu", "-q"]
    options = ["--config", tmp_path / "model.toml", "--layers", 1, "--encoder", "bilstm"]
    home = tmp_path / "gat"
    assert call("train", "srl", *data, *options, "-o", home, "--conv", "gat")[0] == 0
    config = json.loads((home / "model.json").read_text())["config"]
    assert (config["conv"], config["gcn_layers"], config["encoder"]) == ("gat", 1, "bilstm")
    assert config["heads"] == 4
    status, _, err = call("train", "srl", *data, *options, "-o", tmp_path / "x", "--conv", "gcn")
    assert status == 1
    assert "expected one of gated-gcn, rgcn, gat, gine, transformer, ggnn" in err
