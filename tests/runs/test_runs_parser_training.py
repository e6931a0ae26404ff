"""A treebank of forty sentences -> models that load, score and parse; and trainings that go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("stanza")

import torch

from linguagraph.documents.conllu import write_conllu
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.records import Document, MultiwordToken, Sentence, Token
from linguagraph.documents.stanza_parser import load_parser
from linguagraph.documents.stanza_training import Schedule, conll_scores, fit, halve
from linguagraph.errors import CheckpointError, ConfigError, DocumentError, RunError
from linguagraph.runs.parser_scores import raw_text
from linguagraph.runs.parser_training import ParserConfig, train_parser_run

NOUNS = ("cat", "dog", "bird", "fish", "horse")
VERBS = ("see", "like", "chase", "hear")
SMALL = ParserConfig(
    tokenizer_steps=200,
    mwt_epochs=1,
    short_tagger_steps=2,
    tagger_steps=3,
    lemmatizer_epochs=1,
    parser_steps=3,
)
FOUR = Schedule(4, warmup=1)


def sentence(index: int, *, denied: bool, new: bool) -> Sentence:
    """``The cat sees a dog.`` or ``The cat doesn't see a dog.``"""
    subject, verb, thing = (
        NOUNS[index % 5],
        VERBS[index % 4],
        NOUNS[(index + 2) % 5],
    )
    rows = [("The", "the", "DET", "DT", 1, "det"), (subject, subject, "NOUN", "NN", 2, "nsubj")]
    if denied:
        rows += [("does", "do", "AUX", "VBZ", 4, "aux"), ("n't", "not", "PART", "RB", 4, "advmod")]
        rows[1] = (subject, subject, "NOUN", "NN", 4, "nsubj")
        rows += [(verb, verb, "VERB", "VB", -1, "root")]
    else:
        rows += [(f"{verb}s", verb, "VERB", "VBZ", -1, "root")]
    at = len(rows)
    rows += [("a", "a", "DET", "DT", at + 1, "det"), (thing, thing, "NOUN", "NN", at - 1, "obj")]
    rows += [(".", ".", "PUNCT", ".", at - 1, "punct")]
    tokens = tuple(
        Token(
            position,
            form,
            lemma=lemma,
            upos=upos,
            xpos=xpos,
            head=head,
            deprel=deprel,
            misc="SpaceAfter=No" if position == at + 1 else None,
        )
        for position, (form, lemma, upos, xpos, head, deprel) in enumerate(rows)
    )
    text = " ".join(t.form for t in tokens).replace(" n't", "n't").replace(" .", ".")
    comments = (*((f"# newdoc id = d{index}", "# newpar") if new else ()), f"# text = {text}")
    parts = (MultiwordToken(2, 3, "doesn't", ("_",) * 8),) if denied else ()
    return Sentence(tokens, text=text, comments=comments, multiwords=parts, index=index)


def treebank(path: Path, count: int) -> Path:
    sentences = [sentence(i, denied=i % 3 == 0, new=i % 10 == 0) for i in range(count)]
    write_conllu(sentences, path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("treebank")
    return {
        "train": treebank(folder / "train.conllu", 60),
        "dev": treebank(folder / "dev.conllu", 20),
    }


def test_a_small_training_ends_in_a_parser(files: dict[str, Path], tmp_path: Path) -> None:
    out, told = tmp_path / "toy", list[str]()
    facts = train_parser_run(
        files["train"], files["dev"], out, config=SMALL, licence="own", log=told.append
    )
    names = {"tokenizer.pt", "mwt.pt", "tagger.pt", "lemmatizer.pt", "parser.pt"}
    assert names <= {path.name for path in out.iterdir()}
    assert json.loads((out / "facts.json").read_text(encoding="utf-8")) == facts
    assert facts["licence"] == "own"
    assert set(facts["scores"]) == {"raw text", "gold tokens"}
    assert 0 <= facts["scores"]["raw text"]["LAS"] <= 100
    assert facts["bytes"] == sum((out / name).stat().st_size for name in names)
    stored = torch.load(out / "tagger.pt", weights_only=True)["model"]
    assert {v.dtype for v in stored.values() if v.is_floating_point()} == {torch.float16}
    parser = load_parser(str(out))
    (document,) = parser.parse([RawDocument("x", "The cat sees a dog.")])
    tokens = [t for s in document.sentences for t in s.tokens]
    assert tokens[0].start == 0
    assert tokens[-1].end == len("The cat sees a dog.")
    assert not list((out / "work").glob("*.resume.*"))

    with pytest.raises(RunError, match="--resume"):
        train_parser_run(files["train"], files["dev"], out, config=SMALL)
    before = {path: path.stat().st_mtime_ns for path in (out / "work").glob("*.pt")}
    again = train_parser_run(files["train"], files["dev"], out, config=SMALL, resume=True)
    assert {path: path.stat().st_mtime_ns for path in (out / "work").glob("*.pt")} == before
    assert again["scores"] == facts["scores"]


@pytest.mark.parametrize("kind", ["tagger", "parser"])
def test_an_interrupted_fit_ends_where_an_uninterrupted_one_does(
    files: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    def run(out: Path, stop: int | None, schedule: Schedule = FOUR) -> None:
        made = [0]

        def tick(steps: int) -> None:
            made[0] += steps
            if stop is not None and made[0] >= stop:
                raise KeyboardInterrupt

        fit(
            kind,
            files["train"],
            files["dev"],
            out,
            language="en",
            schedule=schedule,
            log=lambda line: None,
            tick=tick,
        )

    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    run(whole, None)
    with pytest.raises(KeyboardInterrupt):
        run(parts, 3)
    assert not parts.exists()
    assert parts.with_suffix(".resume.safetensors").is_file()
    with pytest.raises(CheckpointError, match="another training"):
        run(parts, None, Schedule(5, warmup=1))
    run(parts, None)
    one, two = (torch.load(p, weights_only=True)["model"] for p in (whole, parts))
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)
    assert not parts.with_suffix(".resume.safetensors").exists()


def test_scores_are_those_of_the_shared_task(files: dict[str, Path]) -> None:
    gold = files["dev"].read_text(encoding="utf-8")
    perfect = conll_scores(files["dev"], gold)
    assert set(perfect.values()) == {100.0}
    words = gold.count("\t_\t_\n") + gold.count("SpaceAfter=No\n")
    wrong = gold.replace("\tobj\t", "\tiobj\t", 1)
    ranges = gold.count("2-3") + gold.count("3-4")
    expected = round(100 * (1 - 1 / (words - ranges)), 2)
    assert conll_scores(files["dev"], wrong)["LAS"] == expected
    assert conll_scores(files["dev"], wrong)["UAS"] == 100.0
    with pytest.raises(DocumentError, match="cannot be scored"):
        conll_scores(files["dev"], gold.replace("\tcat\tcat\t", "\tcot\tcat\t", 1))


def test_halved_weights_are_half_precision_and_nothing_else(tmp_path: Path) -> None:
    content = {"model": {"a": torch.ones(3), "b": torch.arange(3)}, "vocab": ["x", 1, None]}
    torch.save(content, tmp_path / "whole.pt")
    size = halve(tmp_path / "whole.pt", tmp_path / "half.pt")
    found = torch.load(tmp_path / "half.pt", weights_only=True)
    assert size == (tmp_path / "half.pt").stat().st_size
    assert found["model"]["a"].dtype == torch.float16
    assert found["model"]["b"].dtype == torch.int64
    assert found["vocab"] == ["x", 1, None]


def test_raw_text_keeps_paragraphs_and_spaces() -> None:
    one, two, three = (sentence(i, denied=False, new=i in (0, 2)) for i in range(3))
    found = raw_text(Document("d", (one, two, three)))
    assert found.text == f"{one.text} {two.text}\n\n{three.text}\n"


def test_bad_requests_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="parser_steps=0"):
        ParserConfig(parser_steps=0)
    with pytest.raises(DocumentError, match=r"none\.conllu"):
        train_parser_run(tmp_path / "none.conllu", files["dev"], tmp_path / "out")
    with pytest.raises(DocumentError, match="unknown language code 'xx'"):
        train_parser_run(
            files["train"], files["dev"], tmp_path / "xx", language="xx", log=lambda line: None
        )
    bad = tmp_path / "bad.conllu"
    bad.write_text("1\tx\tx\tX\tX\t_\t0\troot\t_\t_\n\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"failed.*prepare_tokenizer\.log"):
        train_parser_run(bad, bad, tmp_path / "bad", log=lambda line: None, config=SMALL)
