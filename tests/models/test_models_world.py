"""Processes that train together: parts of batches, and the same results as one process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import world_cases
from safetensors.torch import load_file
from torch import Tensor, nn

from linguagraph.errors import ConfigError, WorldError
from linguagraph.models.checkpoints import load_tensors
from linguagraph.models.world import Board, World


class Texts(dict[str, bytes]):
    """A store within one process."""

    def set(self, key: str, value: str) -> None:
        self[key] = value.encode()

    def check(self, keys: list[str]) -> bool:
        return all(key in self for key in keys)

    def get(self, key: str) -> bytes:  # type: ignore[override]
        return self[key]


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (7, 1, [(0, 7, 1.0)]),
        (7, 2, [(0, 3, 1.0), (3, 7, 1.0)]),
        (3, 3, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]),
        (1, 2, [(0, 1, 0.0), (0, 1, 1.0)]),  # the first stands in, and counts nothing
        (2, 3, [(0, 1, 0.0), (0, 1, 1.0), (1, 2, 1.0)]),
    ],
)
def test_a_batch_is_cut_into_consecutive_parts(
    count: int, size: int, expected: list[tuple[int, int, float]]
) -> None:
    parts = [World(rank, size).part(count) for rank in range(size)]
    assert [(p.start, p.stop, p.weight) for p in parts] == expected
    taken = [x for p in parts for x in p.of(list(range(count))) if p.weight]
    assert taken == list(range(count))


def test_a_world_of_one_does_nothing() -> None:
    world, module, values = World(), nn.Linear(2, 2), torch.tensor([1.0, 2.0], requires_grad=True)
    assert world.wrap(module) is module
    assert world.total(values).tolist() == [1, 2]
    assert not world.total(values).requires_grad
    assert world.every(values).tolist() == [[1, 2]]
    assert world.ask(lambda: 3) == 3
    assert world.in_turn(lambda: 4) == 4
    assert world.copied(lambda: ({}, {"a": 1})) == ({}, {"a": 1})
    assert world.seed(8) == 8


def test_noise_of_a_process_is_its_own() -> None:
    seeds = {World(rank, 4).seed(seed) for rank in range(4) for seed in range(50)}
    assert len(seeds) == 200


def test_what_the_first_process_finds_is_told_to_all() -> None:
    store = Texts()
    first, second = World(0, 2, board=Board(store)), World(1, 2, board=Board(store))
    assert first.ask(lambda: {"a": [1, None]}) == {"a": [1, None]}
    assert second.ask(lambda: pytest.fail("only the first one looks")) == {"a": [1, None]}
    done: list[int] = []
    assert first.in_turn(lambda: done.append(0) or "x") == "x"
    assert second.in_turn(lambda: done.append(1) or "y") == "y"
    assert done == [0, 1]


def test_an_error_of_the_first_process_ends_the_others() -> None:
    store = Texts()

    def wrong() -> int:
        raise ConfigError("no such file")

    with pytest.raises(ConfigError, match="no such file"):
        World(0, 2, board=Board(store)).ask(wrong)
    with pytest.raises(WorldError, match="no such file") as caught:
        World(1, 2, board=Board(store)).ask(lambda: 1)
    assert caught.value.told  # the first one says so


def test_more_processes_than_examples_are_refused() -> None:
    World(0, 4).check_batches(4, option="tokens", value=100)
    with pytest.raises(
        ConfigError, match=r"tokens=100 makes batches of at most 3 examples.* 4 proc"
    ):
        World(0, 4).check_batches(3, option="tokens", value=100)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Tensor], Path]:
    """Results of one process, here, and the folder with those of two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    world_cases.stages(two / "stages", until=1)
    processes = world_cases.pair(Path(world_cases.__file__), two)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as those have: Adam makes 5e-5 of the rounding of two threads
    try:
        alone = world_cases.cases(World(), one)
        printed = world_cases.finish(processes)
    finally:
        torch.set_num_threads(threads)
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], printed
    return alone, two


@pytest.mark.parametrize("part", ["roles", "gates", "questions", "matrices"])
def test_two_processes_get_what_one_gets(
    results: tuple[dict[str, Tensor], Path], part: str
) -> None:
    alone, folder = results
    together = load_file(folder / "rank-0.safetensors")
    names = [name for name in alone if name.startswith(part + ".")]
    assert {n for n in together if n.startswith(part + ".")} == set(names)
    assert len(names) > 10
    for name in names:
        torch.testing.assert_close(together[name], alone[name], atol=1e-5, rtol=0, msg=name)


def test_gradients_are_not_small_beside_the_allowed_difference(
    results: tuple[dict[str, Tensor], Path],
) -> None:
    alone, _ = results
    for batch in ("ragged", "single", "edgeless"):
        found = [v for k, v in alone.items() if k.startswith(f"roles.{batch}.") and "loss" not in k]
        assert max(v.abs().max().item() for v in found) > 1e-2


def test_multipliers_and_gradients_are_the_same_in_every_process(
    results: tuple[dict[str, Tensor], Path],
) -> None:
    first, second = (load_file(results[1] / f"rank-{rank}.safetensors") for rank in (0, 1))
    shared = [name for name in second if name in first]
    assert any("each multiplier" in name for name in shared)
    assert set(second) == set(shared)
    for name in shared:
        assert torch.equal(first[name], second[name]), name


def test_a_training_goes_on_with_other_numbers_of_processes(
    results: tuple[dict[str, Tensor], Path], tmp_path: Path
) -> None:
    """Begun by one, gone on with by two, ended by one: as if by one throughout."""
    shutil.copytree(results[1] / "stages", tmp_path / "stages")
    assert load_tensors(tmp_path / "stages" / "trainer.safetensors")[1]["epoch"] == 1
    world_cases.stages(tmp_path / "stages")
    world_cases.stages(tmp_path / "whole")
    mixed, whole = (
        load_tensors(tmp_path / name / "trainer.safetensors") for name in ("stages", "whole")
    )
    assert mixed[1]["epoch"] == whole[1]["epoch"] == 2
    for name, value in whole[0].items():
        torch.testing.assert_close(mixed[0][name], value, atol=1e-5, rtol=0, msg=name)
