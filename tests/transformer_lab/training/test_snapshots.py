"""The last few states, and their average."""

import torch

from transformer_lab.training.snapshots import Snapshots


def filled(directory, values: dict[int, float], count: int) -> Snapshots:
    snapshots = Snapshots(directory, count)
    for step, value in values.items():
        snapshots.add(step, {"w": torch.full((3,), value)})
    return snapshots


def steps_in(directory) -> list[int]:
    return sorted(int(file.stem) for file in directory.iterdir())


def test_average_of_weights(tmp_path):
    snapshots = filled(tmp_path / "s", {5: 1.0, 10: 2.0, 15: 6.0}, count=3)
    assert snapshots.average(15)["w"].tolist() == [3.0, 3.0, 3.0]


def test_the_newest_in_order_of_steps_and_none_from_later(tmp_path):
    snapshots = filled(tmp_path, {99: 0.0, 5: 0.0, 120: 0.0, 10: 0.0}, count=2)
    assert [int(file.stem) for file in snapshots.newest(99)] == [10, 99]
    assert [int(file.stem) for file in snapshots.newest(7)] == [5]


def test_only_the_newest_stay(tmp_path):
    filled(tmp_path, {5: 0.0, 10: 0.0, 15: 0.0, 20: 0.0}, count=2).keep_newest(15)
    assert steps_in(tmp_path) == [10, 15]


def test_later_ones_are_forgotten(tmp_path):
    filled(tmp_path, {5: 0.0, 10: 0.0, 15: 0.0}, count=2).forget_after(10)
    assert steps_in(tmp_path) == [5, 10]


def test_a_directory_that_is_not_there_holds_none(tmp_path):
    snapshots = Snapshots(tmp_path / "none", 2)
    assert snapshots.newest(10) == []
    snapshots.forget_after(0)
