"""The predicate finder: features, tokens that can be none, streaming, scores, saving, training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from srl_tools import build_sentence

from linguagraph.documents.records import Frame, Sentence, Token
from linguagraph.errors import CheckpointError, ConfigError, RunError
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.predicate_batch import (
    PredicateVocabulary,
    collate_sentences,
    encode_sentence,
)
from linguagraph.models.predicate_checkpoints import load_finder, save_finder
from linguagraph.models.predicate_scoring import best_threshold, held_out, score_predicates
from linguagraph.models.predicate_training import PredicateTrainConfig, train_predicates
from linguagraph.models.predicates import (
    PredicateConfig,
    PredicateFinder,
    find_predicates,
    predicate_probabilities,
)
from linguagraph.models.scoring import RoleCounts

SMALL = PredicateConfig(
    word=6,
    lemma=8,
    tag=6,
    suffix=4,
    ending=4,
    shape=2,
    label=6,
    neighbour=8,
    lstm_hidden=6,
    hidden=16,
    dropout=0.1,
    word_dropout=0.1,
    tag_dropout=0.02,
    tree_dropout=0.02,
)
TRAINING = PredicateTrainConfig(
    epochs=3, tokens=120, lr=0.02, average=0.8, patience=9, held_out=0.2, rare_word=1
)

# Dogs kept barking; the decision (a predicate) was right.
KEPT = build_sentence(
    [
        ("Dogs", "NNS", 1, "nsubj"),
        ("kept", "VBD", -1, "root"),
        ("barking", "VBG", 1, "xcomp"),
        (";", ":", 5, "punct"),
        ("the", "DT", 5, "det"),
        ("decision", "NN", 1, "parataxis"),
    ],
    [(1, {}), (2, {}), (5, {})],
)
EMPTY = Sentence(())


def planted(count: int, *, seed: int) -> list[Sentence]:
    """Verbs are predicates unless their label is aux; of the nouns only ``deed`` with a case."""
    random = np.random.default_rng(seed)
    made = []
    for index in range(count):
        rows: list[tuple[str, str, int, str]] = []
        places = []
        for _ in range(int(random.integers(2, 4))):
            at = len(rows)
            kind = int(random.integers(0, 4))
            if kind == 0:
                rows += [("do", "VB", at + 1, "aux"), ("go", "VB", -1, "root")]
                places.append(at + 1)
            elif kind == 1:
                rows += [("of", "IN", at + 1, "case"), ("deed", "NN", -1, "obl")]
                places.append(at + 1)
            elif kind == 2:
                rows += [("a", "DT", at + 1, "det"), ("deed", "NN", -1, "obj")]
            else:
                rows += [("of", "IN", at + 1, "case"), ("rock", "NN", -1, "obl")]
        made.append(build_sentence(rows, [(place, {}) for place in places], index=index))
    return made


TRAIN, DEV = planted(80, seed=1), planted(30, seed=2)


def small_finder(sentences: list[Sentence], **thresholds: float) -> PredicateFinder:
    torch.manual_seed(3)
    vocabulary = PredicateVocabulary.build(sentences, rare_word=1)
    return PredicateFinder(SMALL, vocabulary, thresholds=thresholds).eval()


def places(sentence: Sentence) -> list[int]:
    return [frame.predicate for frame in sentence.frames]


def train(directory: Path, **options: Any) -> dict[str, Any]:
    return train_predicates(
        options.pop("sentences", TRAIN),
        DEV,
        directory,
        model=SMALL,
        config=options.pop("config", TRAINING),
        log=options.pop("log", lambda line: None),
        **options,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("whole")
    train(directory)
    return directory


def test_a_sentence_is_encoded_as_looked_up_by_hand() -> None:
    vocabulary = PredicateVocabulary.build([KEPT] * 5, rare_word=1)
    encoded = encode_sentence(KEPT, vocabulary)
    assert encoded.types.tolist() == [1, 0, 0, -1, -1, 1]
    assert encoded.gold.tolist() == [False, True, True, False, False, True]
    assert encoded.heads.tolist() == [1, -1, 1, 5, 5, 1]
    words, *_, endings, shapes, labels = encoded.features
    assert [vocabulary.words.items[i] for i in words] == [f.lower() for f in KEPT.forms]
    assert vocabulary.endings.items[endings[5]] == "sion"
    assert shapes.tolist() == [2, 1, 1, 0, 1, 1]
    assert vocabulary.labels.items[labels[1]] == "root"


def test_what_is_missing_or_new_is_unknown_and_harmless() -> None:
    vocabulary = PredicateVocabulary.build([KEPT], rare_word=1)
    bare = encode_sentence(Sentence((Token(0, "zzz"), Token(1, "run", upos="VERB"))), vocabulary)
    assert bare.features[[0, 1, 2, 6]].tolist() == [[0, 0]] * 4
    assert bare.heads.tolist() == [-1, -1]
    assert bare.types.tolist() == [-1, 0]


def test_a_batch_shifts_heads_and_sends_roots_to_the_end() -> None:
    vocabulary = PredicateVocabulary.build([KEPT], rare_word=1)
    two = build_sentence([("Go", "VB", -1, "root"), ("on", "RP", 0, "advmod")])
    batch = collate_sentences([encode_sentence(s, vocabulary) for s in (two, KEPT)])
    assert batch.head.tolist() == [8, 0, 3, 8, 3, 7, 7, 3]
    assert batch.example.tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert batch.position.tolist() == [0, 1, 0, 1, 2, 3, 4, 5]
    assert batch.lengths.tolist() == [2, 6]
    assert batch.gold.tolist() == [0, 0, 0, 1, 1, 0, 0, 1]


def test_only_verbs_nouns_and_adjectives_can_be_predicates() -> None:
    finder = small_finder([KEPT], V=0.0, N=0.0, J=0.0)
    (found,) = find_predicates([KEPT], finder)
    assert places(found) == [0, 1, 2, 5]
    assert found.frames[0] == Frame(0, sense=None, roles=())


def test_each_type_has_a_threshold_of_its_own() -> None:
    assert places(next(find_predicates([KEPT], small_finder([KEPT], V=0.0, N=1.0)))) == [1, 2]
    assert places(next(find_predicates([KEPT], small_finder([KEPT], V=1.0, N=0.0)))) == [0, 5]


@pytest.mark.parametrize("wrong", [{"V": 1.5}, {"O": 0.5}])
def test_a_wrong_threshold_is_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        small_finder([KEPT], **wrong)


@pytest.mark.parametrize("wrong", [{"dropout": 1.0}, {"lemma": 0}])
def test_a_wrong_option_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PredicateConfig(**wrong)


def test_sentences_stream_in_order_whatever_their_length() -> None:
    finder = small_finder(TRAIN)
    mixed = [*TRAIN[:7], EMPTY, *TRAIN[7:12], KEPT]
    whole = list(find_predicates(mixed, finder))
    assert [s.forms for s in whole] == [s.forms for s in mixed]
    assert whole[7].frames == ()
    assert list(find_predicates(mixed, finder)) == whole
    assert list(find_predicates([], finder)) == []
    assert list(find_predicates([EMPTY], finder)) == [EMPTY]


def test_probabilities_do_not_depend_on_the_neighbours_in_a_batch() -> None:
    finder = small_finder(TRAIN)
    encoded = [encode_sentence(s, finder.vocabulary) for s in (*TRAIN[:9], KEPT)]
    together = predicate_probabilities(finder, encoded)
    for one, odds in zip(encoded, together, strict=True):
        torch.testing.assert_close(predicate_probabilities(finder, [one], tokens=1)[0], odds)


def test_no_more_is_read_than_a_batch() -> None:
    read = 0

    def source() -> Iterator[Sentence]:
        nonlocal read
        for sentence in TRAIN:
            read += 1
            yield sentence

    stream = find_predicates(source(), small_finder(TRAIN), batch=4)
    next(stream)
    assert read == 4
    with pytest.raises(ConfigError, match="batch=0"):
        next(find_predicates(TRAIN, small_finder(TRAIN), batch=0))


def test_a_finder_in_training_mode_finds_without_dropout_and_stays_so() -> None:
    finder = small_finder(TRAIN)
    quiet = list(find_predicates(TRAIN[:5], finder))
    finder.train()
    assert list(find_predicates(TRAIN[:5], finder)) == quiet
    assert finder.training


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    finder = small_finder(TRAIN, V=0.4, N=0.55)
    save_finder(tmp_path / "model.safetensors", finder, {"name": "toy"})
    loaded, record = load_finder(tmp_path)
    assert (record["name"], record["kind"]) == ("toy", "predicates")
    assert loaded.thresholds == {"V": 0.4, "N": 0.55, "J": 0.5}
    assert not loaded.training
    assert "vocabulary" not in record
    encoded = [encode_sentence(s, finder.vocabulary) for s in TRAIN[:5]]
    for ours, theirs in zip(
        predicate_probabilities(finder, encoded),
        predicate_probabilities(loaded, encoded),
        strict=True,
    ):
        assert torch.equal(ours, theirs)


def test_another_kind_of_model_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_tensors(path, {"x": torch.zeros(1)}, {"kind": "srl"})
    with pytest.raises(CheckpointError, match="not a predicate finder"):
        load_finder(path)
    save_finder(path, small_finder(TRAIN), {})
    record = json.loads(path.with_suffix(".json").read_text())
    for damage in ({"thresholds": 3}, {"config": {"words": 1}}, {"vocabulary": {}}):
        path.with_suffix(".json").write_text(json.dumps({**record, **damage}))
        with pytest.raises(CheckpointError, match="do not fit"):
            load_finder(tmp_path)


def test_scores_counted_by_hand() -> None:
    other = replace(KEPT, frames=(Frame(0), Frame(1), Frame(4), Frame(5)))
    counts = score_predicates([KEPT, EMPTY], [other, EMPTY])
    assert counts["V"] == RoleCounts(correct=1, predicted=1, gold=2)
    assert counts["N"] == RoleCounts(correct=1, predicted=2, gold=1)
    assert counts["J"] == RoleCounts()
    assert counts["O"] == RoleCounts(correct=0, predicted=1, gold=0)
    assert counts["all"] == RoleCounts(correct=2, predicted=4, gold=3)
    assert counts["V"].f1 == pytest.approx(2 / 3)


def test_the_type_of_a_predicate_is_that_of_the_gold_tag() -> None:
    tagged = replace(
        KEPT, tokens=tuple(replace(t, xpos="JJ") for t in KEPT.tokens), frames=(Frame(1),)
    )
    assert score_predicates([KEPT], [tagged])["V"] == RoleCounts(1, 1, 2)


def test_other_words_are_not_scored() -> None:
    with pytest.raises(ConfigError, match="sentence 0 has other words"):
        score_predicates([KEPT], [TRAIN[0]])
    with pytest.raises(ConfigError, match="sentence 1 "):
        score_predicates([KEPT, KEPT], [KEPT])


def test_the_threshold_with_the_highest_f1_is_taken() -> None:
    odds = torch.tensor([0.9, 0.7, 0.62, 0.4, 0.1])
    assert best_threshold(odds, torch.tensor([True, True, False, False, False])) == 0.65
    assert best_threshold(odds, torch.tensor([True, True, True, True, False])) == 0.4
    assert best_threshold(odds, torch.tensor([True, True, True, False, False])) == 0.5


def test_whole_blocks_are_held_out() -> None:
    part = held_out(1000, 0.1)
    assert sum(part) == 100
    assert [i for i in range(1000) if part[i]] == [*range(50), *range(500, 550)]
    assert held_out(1000, 0.1, seed=3).index(True) == 150
    assert held_out(4, 0.5) == [True, False, True, False]


def test_the_planted_rule_is_learned_and_carries_over(tmp_path: Path) -> None:
    longer = replace(TRAINING, epochs=15, patience=15)
    record = train(tmp_path, sentences=planted(240, seed=5), config=longer, name="toy")
    assert record["scores"]["V"]["f1"] > 0.95
    assert record["scores"]["N"]["f1"] > 0.9
    finder, saved = load_finder(tmp_path)
    assert saved["scores"] == record["scores"]
    assert (saved["name"], saved["training"]["sentences"]) == ("toy", 192)
    assert finder.thresholds.keys() == {"V", "N", "J"}
    counts = score_predicates(DEV, find_predicates(DEV, finder))
    assert counts["all"].f1 == pytest.approx(record["scores"]["all"]["f1"], abs=0.02)


def test_the_same_seed_gives_the_same_weights_also_after_an_interruption(
    whole: Path, tmp_path: Path
) -> None:
    class Stop(Exception):
        pass

    def stop(epoch: int, step: int, steps: int) -> None:
        if (epoch, step) == (1, 2):
            raise Stop

    with pytest.raises(Stop):
        train(tmp_path, progress=stop)
    lines: list[str] = []
    record = train(tmp_path, resume=True, log=lines.append)
    assert len(lines) == 2
    ours, theirs = (load_tensors(p / "trainer.safetensors")[0] for p in (whole, tmp_path))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert record["scores"] == load_finder(whole)[1]["scores"]
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3


def test_a_finished_training_resumes_to_the_same_record(whole: Path) -> None:
    lines: list[str] = []
    record = train(whole, resume=True, log=lines.append)
    assert lines == []
    assert record["scores"] == load_finder(whole)[1]["scores"]


def test_a_training_in_the_way_is_kept(whole: Path) -> None:
    with pytest.raises(RunError, match="already holds a training"):
        train(whole)
    with pytest.raises(RunError, match="differs from the options"):
        train(whole, config=replace(TRAINING, lr=0.5), resume=True)


def test_training_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    lines: list[str] = []
    still = replace(TRAINING, epochs=9, lr=1e-12, patience=2)
    train(tmp_path, config=still, log=lines.append)
    assert len(lines) == 3


def test_training_without_predicates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a predicate"):
        train(tmp_path, sentences=[replace(s, frames=()) for s in TRAIN])
