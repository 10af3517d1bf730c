"""Names of devices, with and without CUDA devices."""

import re

import pytest
import torch

from transformer_lab.device import choose_device
from transformer_lab.errors import LabError
from transformer_lab.training.precision import choose_precision


@pytest.fixture
def devices(monkeypatch):
    """A function that sets how many CUDA devices there seem to be."""

    def pretend(count: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return pretend


@pytest.mark.parametrize(
    ("name", "local_rank", "chosen"),
    [
        ("auto", None, "cuda:0"),
        ("cuda", None, "cuda:0"),
        ("cuda:1", None, "cuda:1"),
        ("cpu", None, "cpu"),
        ("auto", 1, "cuda:1"),
        ("cuda", 0, "cuda:0"),
        ("cpu", 7, "cpu"),
    ],
)
def test_with_two_cuda_devices(devices, name, local_rank, chosen):
    devices(2)
    assert choose_device(name, local_rank) == torch.device(chosen)


@pytest.mark.parametrize(
    ("count", "name", "local_rank", "sentence"),
    [
        (2, "cuda:2", None, "--device cuda:2: the CUDA devices here are cuda:0 to cuda:1."),
        (2, "cuda", 2, "--device cuda: 3 processes or more for 2 CUDA devices; lower --nproc-per-node."),
        (2, "cuda:1", 0, "--device cuda:1: every process takes a device of its own; use --device cuda."),
        (2, "gpu", None, "--device gpu: there is no such device; choose auto, cpu, cuda or cuda:N."),
        (0, "cuda", None, "--device cuda: torch finds no CUDA device here; use --device cpu or auto."),
        (0, "cuda:0", 0, "--device cuda:0: torch finds no CUDA device here; use --device cpu or auto."),
        (0, "cuda:-1", None, "--device cuda:-1: there is no such device; choose auto, cpu, cuda or cuda:N."),
        (0, "", None, "--device : there is no such device; choose auto, cpu, cuda or cuda:N."),
    ],
)
def test_wrong_devices_get_a_sentence(devices, count, name, local_rank, sentence):
    devices(count)
    with pytest.raises(LabError, match=f"^{re.escape(sentence)}$"):
        choose_device(name, local_rank)


def test_without_cuda_devices(devices):
    devices(0)
    assert choose_device("auto") == choose_device("auto", 3) == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none():
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(LabError, match="no CUDA device"):
        choose_device("cuda")


@pytest.mark.parametrize("capable", [True, False])
def test_precision_on_cuda(monkeypatch, capable):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: capable)
    device = torch.device("cuda")
    assert choose_precision("auto", device) == ("bf16" if capable else "float32")
    assert choose_precision("float32", device) == "float32"
    if capable:
        assert choose_precision("bf16", device) == "bf16"
    else:
        with pytest.raises(LabError, match="precision=bf16: this CUDA device does not compute in it"):
            choose_precision("bf16", device)
