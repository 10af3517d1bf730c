"""What the benchmarks of speed count and measure, against counts and sizes known otherwise; every one runs, tiny."""

from itertools import pairwise

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench import attention_length, cost, decoding, grouped_query, training_step, training_step_cuda
from bench.comparison import compare
from bench.limits import COPY, MATMUL, Limits, Yardsticks
from bench.memory import peak_bytes
from bench.peer import TorchTransformer
from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.grouped_query import GroupedQueryConfig, GroupedQueryTransformer
from transformer_lab.masks import causal_mask
from transformer_lab.transformer import Transformer, TransformerConfig

CONFIG = TransformerConfig(50, d_model=16, num_heads=4, d_ff=40, num_layers=2, dropout=0.0)


def padded_batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(3, 50, (4, 5), generator=generator)
    source[0, 3:] = CONFIG.pad_id
    return source, torch.randint(3, 50, (4, 6), generator=generator)


def test_the_peer_is_the_same_model():
    torch.manual_seed(0)
    ours = Transformer(CONFIG)
    theirs = TorchTransformer(CONFIG).copy_weights(ours)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    source, target = padded_batch()
    torch.testing.assert_close(theirs(source, target), ours(source, target), atol=1e-5, rtol=0)
    losses = training_step.our_loss(ours)(source, target), training_step.torch_loss(theirs)(source, target)
    torch.testing.assert_close(*losses, atol=1e-5, rtol=0)


@torch.no_grad()
def test_the_peer_decodes_as_ours_does():
    torch.manual_seed(0)
    ours = Transformer(CONFIG).eval()
    theirs = TorchTransformer(CONFIG).eval().copy_weights(ours)
    source, target = padded_batch()
    logits = theirs.next_logits(target, theirs.encode(source), theirs.padding(source))
    torch.testing.assert_close(logits, ours(source, target)[:, -1], atol=1e-5, rtol=0)


def test_the_second_peer_keeps_all_attention_weights():
    model = TorchTransformer(TransformerConfig(50, d_model=16, num_heads=4, d_ff=40, num_layers=2, dropout=0.5))
    attentions = [module for module in model.modules() if isinstance(module, torch.nn.MultiheadAttention)]
    assert [one.dropout for one in attentions] == [0.5] * 6
    model.keep_weights()
    assert [one.dropout for one in attentions] == [0.0] * 6


@pytest.mark.parametrize("groups", [4, 2, 1])
def test_operations_are_those_that_torch_counts(groups):
    """To the operation. On a processor what the causal mask forbids is computed and thrown away: torch counts it."""
    config = GroupedQueryConfig(50, d_model=16, num_heads=4, d_ff=40, num_layers=2, dropout=0.0, num_groups=groups)
    model = GroupedQueryTransformer(config)
    source, target = padded_batch()
    with FlopCounterMode(display=False) as counter:
        logits = model(source, target)
    forward = counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        logits.sum().backward()
    forbidden = 6 * 6 - 6 * 7 // 2  # pairs of a query and a later key
    wasted = 4 * config.num_layers * 4 * forbidden * config.d_model
    assert forward == 4 * (cost.encode_flops(config, 5, groups) + cost.decode_flops(config, 5, 6, groups)) + wasted
    if groups == config.num_heads:
        needed = cost.training_step(config, 1000, sentences=4, source=5, target=6)
        assert needed.flops == forward + counter.get_total_flops() - 3 * wasted
        assert needed.bytes == 40 * 1000


def test_decoding_needs_a_forward_pass_and_reads_the_weights_and_the_cache_at_every_step():
    needed = cost.decoding(CONFIG, sentences=3, source=5, steps=4)
    assert needed.flops == 3 * (cost.encode_flops(CONFIG, 5) + cost.decode_flops(CONFIG, 5, 4))
    model = Transformer(CONFIG)
    layers = [p.numel() for p in model.decoder.parameters() if p.dim() == 2]
    once = 2 * CONFIG.num_layers * CONFIG.d_model**2  # the source's keys and values are made before the first step
    weights = sum(layers) - once + model.embedding.weight.numel()
    cache = sum(3 * 2 * CONFIG.num_layers * CONFIG.d_model * (prefix + 5) for prefix in (1, 2, 3, 4))
    assert needed.bytes == 4 * (4 * weights + cache)


def test_attention_has_two_products_forward_and_four_backward():
    inputs = [torch.randn(1, 1, 8, 4, requires_grad=True) for _ in range(3)]
    with FlopCounterMode(display=False) as counter:
        scaled_dot_product_attention(*inputs, causal_mask(8)).sum().backward()
    # The plain formula computes the pairs that the mask forbids too.
    assert cost.attention(8, 4).flops == counter.get_total_flops() * (8 * 9 / 2) / 8**2


def test_the_peak_is_that_of_all_tensors_alive_at_once():
    def make():
        held = torch.empty(2**20, dtype=torch.uint8)

        def work():
            two = [torch.empty(2**20, dtype=torch.uint8) for _ in range(2)]
            two.pop()
            return torch.empty(2**19, dtype=torch.uint8), held

        return work

    assert peak_bytes(make) == 3 * 2**20


def test_the_limit_is_what_would_take_longer():
    limits = Limits(flops=100.0, bandwidth=10.0, source="")
    few, many = cost.Cost(flops=50, bytes=10), cost.Cost(flops=500, bytes=10)
    assert (limits.bound(few), limits.share(few, 4.0)) == ("memory", 0.25)
    assert (limits.bound(many), limits.share(many, 10.0)) == ("arithmetic", 0.5)
    assert (few.intensity, many.intensity) == (5, 50)


def test_the_yardsticks_are_a_product_and_a_copy():
    limits = Yardsticks().limits({MATMUL: [2.0, 1.0], COPY: [4.0, 2.0]})
    assert (limits.flops, limits.bandwidth) == (2 * 2048**3, 2**27)


def test_the_slope_is_the_exponent():
    lengths = attention_length.LENGTHS
    assert attention_length.slope([(n, 3 * n**2) for n in lengths]) == pytest.approx(2)
    assert attention_length.slope([(n, 5 * n) for n in lengths]) == pytest.approx(1)


def test_both_attentions_of_the_comparison_agree():
    inputs = torch.randn(3, 1, 2, 40, 8)
    plain = attention_length.plain(*inputs)
    torch.testing.assert_close(attention_length.fused(*inputs), plain, atol=1e-6, rtol=0)


def test_plain_attention_s_memory_is_quadratic_and_the_fused_kernel_s_linear():
    for attention, low, high in ((attention_length.plain, 1.9, 2.0), (attention_length.fused, 0.5, 1.1)):
        sizes = [(length, peak_bytes(attention_length.attend(attention, length, "cpu"))) for length in (1024, 2048)]
        assert low < attention_length.slope(sizes) < high


def test_a_comparison_tells_each_side_from_the_first(monkeypatch):
    monkeypatch.setattr("bench.limits.Yardsticks.works", lambda self: {MATMUL: int, COPY: int})
    runs = {"a": 0, "b": 0}

    def side(name):
        def work():
            runs[name] += 1

        return lambda: work

    light = {"b": lambda: lambda: torch.empty(1000, dtype=torch.uint8)}
    needed = cost.Cost(1.0, 1.0)
    made = compare({"a": side("a"), "b": side("b")}, {"a": needed, "b": needed}, 10, 3, lighter=light)
    assert runs == {"a": 2 + 1 + 3, "b": 3}  # for the memory, to warm up, measured
    assert (made["sides"]["a"]["peak_bytes"], made["sides"]["b"]["peak_bytes"]) == (0, 1000)
    assert "ratio" not in made["sides"]["a"]
    assert made["sides"]["b"]["ratio"]["median"] > 0


@pytest.fixture
def small_yardsticks(monkeypatch):
    def works(self):
        return {MATMUL: lambda: self._left[:64, :64] @ self._right[:64, :64], COPY: self._copy}

    monkeypatch.setattr("bench.limits.Yardsticks.works", works)


TINY = TransformerConfig(60, d_model=16, num_heads=8, d_ff=32, num_layers=1)
RUNS = {
    "training_step": (training_step, lambda: training_step.run([("tiny", TINY, 3, 4)], rounds=3), 3),
    "decoding": (decoding, lambda: decoding.run([("tiny", TINY, 3)], sentences=2, steps=6), 2),
    "grouped_query": (
        grouped_query,
        lambda: grouped_query.run(
            GroupedQueryConfig(60, d_model=16, num_heads=8, d_ff=32, num_layers=1), sentences=2, steps=8, rounds=3
        ),
        4,
    ),
    "attention_length": (attention_length, lambda: attention_length.run((16, 32), rounds=3), 4),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.usefixtures("small_yardsticks")
def test_every_benchmark_runs_and_tells_what_it_found(name, tmp_path, monkeypatch):
    module, run, count = RUNS[name]
    record, content = run()
    machine = {"gpu": None, "processor": "one", "threads": 1, "load": 0.0, "versions": {"torch": "2"}}
    stored = content | {"name": record, "command": f"python -m bench {name}", "machine": machine}
    rows = module.rows(stored)
    assert len(rows) == count
    assert {len(row) for row in rows} == {len(module.HEADER)}
    assert f"`python -m bench {name}` on one" in module.notes(stored)
    if name == "decoding":
        assert content["decoding"][0]["same_tokens"] == 1
    if name == "grouped_query":
        eight, four, two, one = (content["grouped_query"]["cache_bytes"][key] for key in ("8", "4", "2", "1"))
        assert [larger / smaller for larger, smaller in pairwise((eight, four, two, one))] == [2, 2, 2]
    if name == "attention_length":
        monkeypatch.setattr(attention_length, "RESULTS", tmp_path)
        module.draw(stored)
        drawn = (tmp_path / f"{record}.svg").read_text(encoding="utf-8")
        assert "prefers-color-scheme:dark" in drawn
        assert "#010203" not in drawn


@pytest.mark.usefixtures("small_yardsticks")
def test_the_benchmark_for_cuda_runs_on_a_processor(monkeypatch, capsys):
    one = training_step_cuda.measure("tiny", TINY, sentences=2, tokens=4, rounds=3, steps=2, device="cpu")
    machine = {"gpu": "a GPU", "load": 0.0, "versions": {"torch": "2"}}
    stored = {"name": "training_step_cuda", "training": [one], "command": "python -m bench …", "machine": machine}
    assert [row[1] for row in training_step_cuda.rows(stored)] == list(training_step.NAMES.values())
    notes = training_step_cuda.notes(stored)
    assert "100,000 such steps take" in notes
    assert "on a GPU, load" in notes
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert training_step_cuda.run() is None
    assert "has no CUDA device" in capsys.readouterr().out
