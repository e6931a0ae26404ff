from collections.abc import Callable

import tables as synthetic

from linguagraph.aggregates import compile_items, select_examples
from linguagraph.edges.storage import RunTables


def choose(run: RunTables, *, max_tokens: int = 40) -> dict[str, int]:
    lengths = {index: len(sentence) for index, sentence in run.sentences.items()}
    choices = select_examples(
        compile_items(run.edges), run.paths, run.roles, lengths=lengths, max_tokens=max_tokens
    )
    return {choice.rule: choice.example for choice in choices}


def test_the_small_run(small_tables: RunTables) -> None:
    # example 0 is the first of the two with two arguments; the only subpath of two edges is in 2
    assert choose(small_tables) == {"typical": 0, "longest_path": 2}


def test_choices_are_deterministic_and_distinct(make_tables: Callable[..., RunTables]) -> None:
    run = make_tables(sentences=80)
    first = choose(run)
    assert first == choose(run)
    assert len(set(first.values())) == 3


def test_long_sentences_are_passed_over(make_tables: Callable[..., RunTables]) -> None:
    run = make_tables(sentences=80, tokens=(5, 60))
    sentence = run.edges.drop_duplicates("example").set_index("example")["sentence"]
    chosen = choose(run, max_tokens=15)
    assert len(chosen) == 3
    assert all(len(run.sentences[sentence[e]]) <= 15 for e in chosen.values())
    assert choose(run, max_tokens=1)  # none is that short: the rule gives way


def test_disagreement_needs_two_seeds(make_tables: Callable[..., RunTables]) -> None:
    assert "disagreement" not in choose(make_tables(seeds=1))


def test_the_disputed_example_is_found(make_tables: Callable[..., RunTables]) -> None:
    run = make_tables(sentences=40, noise=0.0)
    disputed = run.edges["example"] == 17
    edges = run.edges.assign(retained=run.edges["retained"] ^ (disputed & (run.edges["seed"] == 0)))
    changed = RunTables(edges, run.paths, run.roles, run.scores, sentences=run.sentences)
    chosen = choose(changed)
    assert 17 in chosen.values()
    assert chosen["disagreement"] == 17


def test_the_longest_path_falls_back(make_tables: Callable[..., RunTables]) -> None:
    run = make_tables(sentences=40)
    paths = run.paths.assign(subpath_length=run.paths["subpath_length"].clip(upper=1))
    lengths = {index: len(sentence) for index, sentence in run.sentences.items()}
    choices = select_examples(compile_items(run.edges), paths, run.roles, lengths=lengths)
    reason = next(c.reason for c in choices if c.rule == "longest_path")
    assert "no retained subpath has two edges" in reason


def test_nothing_to_choose_from() -> None:
    assert choose(synthetic.empty_run()) == {}
