"""From logits to a sentence: greedy decoding, sampling and beam search over any sequence-to-sequence model.

Rows of a batch are independent, and a row that has written <eos> is computed no further. Nothing is dropped, whatever
mode the model is in.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from transformer_lab.errors import LabError
from transformer_lab.seq2seq import IncrementalDecoder, Seq2Seq, evaluating
from transformer_lab.translation.beam_history import BeamHistory, BeamStep, Candidate, Fate

MOST_PENALTY = 10.0  # a far larger one is no number any more when it is the exponent
MOST_BEAMS = torch.iinfo(torch.int64).max

Choice = Callable[[Float[Tensor, "rows vocab_size"]], Int[Tensor, " rows"]]


def output_limit(source_length: int, max_length: int) -> int:
    """How many tokens an output may have: 50 more than the source (Vaswani et al. 2017, section 6.1), if they fit."""
    return min(source_length + 50, max_length)


def greedy_decode(
    model: Seq2Seq, source: Int[Tensor, "batch source"], bos_id: int, eos_id: int, limit: int | None = None
) -> list[list[int]]:
    """The most likely next token, again and again, until <eos>. Returns the ids without <bos> and <eos>.

    Raises:
        LabError: the source is longer than the model allows, or `limit` is below 1.
    """
    return _decode(model, source, bos_id, eos_id, limit, likeliest)


def sample_decode(
    model: Seq2Seq,
    source: Int[Tensor, "batch source"],
    bos_id: int,
    eos_id: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    limit: int | None = None,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Each next token drawn from softmax(logits / `temperature`), until <eos>.

    Drawn from the `top_k` likeliest tokens only (Fan et al. 2018), and of those from the fewest that hold the share
    `top_p` of their probability (nucleus sampling, Holtzman et al. 2020). A temperature near 0 is greedy decoding.

    Raises:
        LabError: the source is longer than the model allows, `limit` or `top_k` is below 1, `temperature` is not
            above 0, or `top_p` is not in (0, 1].
    """
    choose = sampler(temperature, top_k, top_p, generator)
    return _decode(model, source, bos_id, eos_id, limit, choose)


def likeliest(logits: Float[Tensor, "rows vocab_size"]) -> Int[Tensor, " rows"]:
    """The choice of greedy decoding."""
    return logits.argmax(dim=-1)


def sampler(
    temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0, generator: torch.Generator | None = None
) -> Choice:
    """The choice of `sample_decode`, as a function of the logits. Raises LabError as it does."""
    if not temperature > 0:
        raise LabError(f"temperature={temperature} must be above 0; for the likeliest token, decode greedily.")
    if top_k is not None and top_k < 1:
        raise LabError(f"top_k={top_k} must be at least 1.")
    if not 0 < top_p <= 1:
        raise LabError(f"top_p={top_p} must be above 0 and at most 1.")

    def choose(logits: Float[Tensor, "rows vocab_size"]) -> Int[Tensor, " rows"]:
        values, tokens = _wide(logits).sort(dim=-1, descending=True)
        values, tokens = values[:, :top_k], tokens[:, :top_k]
        # Less the largest, so that no temperature, however low, makes infinities of which a difference is taken; in
        # float64, which has every temperature that Python has.
        probabilities = ((values - values[:, :1]).double() / temperature).softmax(dim=-1)
        before = probabilities.cumsum(dim=-1) - probabilities  # of the likelier tokens
        allowed = before < top_p
        allowed[:, 0] = True
        # multinomial wants weights, not probabilities: they need not sum to 1.
        drawn = torch.multinomial(probabilities * allowed, 1, generator=generator)
        return tokens.gather(1, drawn)[:, 0]

    return choose


@torch.no_grad()
def _decode(
    model: Seq2Seq, source: Int[Tensor, "batch source"], bos_id: int, eos_id: int, limit: int | None, choose: Choice
) -> list[list[int]]:
    """One token a step in every row that still writes, as `choose` picks it from the logits."""
    limits = torch.tensor(_limits(model, source, limit), device=source.device)
    writing = torch.arange(len(source), device=source.device)
    tokens = torch.full_like(writing, bos_id)
    outputs = source.new_empty((len(source), 0))
    finished: dict[int, list[int]] = {}
    with evaluating(model):
        decoder: IncrementalDecoder = model.incremental(model.encode(source), model.source_mask(source))
        while len(writing):
            tokens = choose(decoder.step(tokens))
            outputs = torch.cat([outputs, tokens[:, None]], dim=1)
            over = (tokens == eos_id) | (limits[writing] == outputs.shape[1])
            if over.any():
                for row, ids in zip(writing[over].tolist(), outputs[over].tolist(), strict=True):
                    finished[row] = ids[:-1] if ids[-1] == eos_id else ids
                kept = (~over).nonzero()[:, 0]
                outputs, tokens, writing = outputs[kept], tokens[kept], writing[kept]
                decoder.select(kept)
    return [finished[row] for row in range(len(source))]


@torch.no_grad()
def beam_decode(
    model: Seq2Seq,
    source: Int[Tensor, "batch source"],
    bos_id: int,
    eos_id: int,
    beam: int = 4,
    length_penalty: float = 0.6,
    limit: int | None = None,
    history: BeamHistory | None = None,
) -> list[list[int]]:
    """The best of `beam` sentences kept at every step; the paper's beam 4 and α = 0.6 (section 6.1).

    Sentences compare by log P / ((5 + length) / 6)^α (Wu et al. 2016, equation 14), <eos> counted in the length;
    without the division, short ones would always win. A source is done when no open sentence can still win. A
    sentence that is cut off at `limit` counts only where none has ended: it has not paid for its <eos>.

    A `history` is told of every candidate, and changes nothing.

    Raises:
        LabError: the source is longer than the model allows, `beam` or `limit` is below 1, `length_penalty` is not
            from 0 to `MOST_PENALTY`, or `history` holds a search already.
    """
    if not 1 <= beam <= MOST_BEAMS:
        raise LabError(f"beam={beam} must be at least 1 and at most {MOST_BEAMS}.")
    check_length_penalty(length_penalty)
    if history is not None and history.steps:
        raise LabError("the history holds another search already; give each search a new BeamHistory().")
    if not len(source):
        return []
    limits = _limits(model, source, limit)
    rows, device = len(source), source.device
    tokens = torch.full((rows * beam,), bos_id)
    outputs = torch.empty((rows * beam, 0), dtype=torch.long)  # not on the device: what ends is read at once
    # All beams of a row start equal: only the first may be extended, or all would stay copies of it.
    scores = torch.full((rows, beam), -torch.inf, device=device)
    scores[:, 0] = 0.0
    ended: list[tuple[float, list[int]]] = [(-torch.inf, [])] * rows
    cut_off = list(ended)
    going = list(range(rows))
    with evaluating(model):
        decoder = model.incremental(model.encode(source), model.source_mask(source))
        decoder.select(torch.arange(rows, device=device).repeat_interleave(beam))
        for length in range(1, max(limits) + 1):
            log_probabilities = _wide(decoder.step(tokens.to(device))).log_softmax(dim=-1)
            vocab_size = log_probabilities.shape[-1]
            totals = (scores.flatten()[:, None] + log_probabilities).view(len(going), beam * vocab_size)
            # 2 × beam candidates: even if half of them end, a full beam of open sentences remains.
            values, indices = totals.topk(min(2 * beam, totals.shape[1]), dim=-1)
            penalty = ((5 + length) / 6) ** length_penalty
            chosen, kept_scores, still = [], [], []
            if history is not None:
                news = log_probabilities.reshape(totals.shape).gather(1, indices).tolist()
            for position, (row, *candidates) in enumerate(zip(going, values.tolist(), indices.tolist(), strict=True)):
                open_beams: list[tuple[float, int, int]] = []
                fates = []
                last = length == limits[row]
                for rank, (value, index) in enumerate(zip(*candidates, strict=True)):
                    parent, token = position * beam + index // vocab_size, index % vocab_size
                    fate = Fate.DROPPED
                    if token == eos_id or last:
                        best = ended if token == eos_id else cut_off
                        # An end outside the beam's best does not count: it would never have been kept.
                        if rank < beam:
                            fate = Fate.ENDED if token == eos_id else Fate.CUT_OFF
                            if value / penalty > best[row][0]:
                                ids = outputs[parent].tolist()
                                best[row] = (value / penalty, ids if token == eos_id else [*ids, token])
                    elif len(open_beams) < beam:
                        fate = Fate.KEPT
                        open_beams.append((value, parent, token))
                    fates.append(fate)
                # The most an open sentence can reach: no more log P is lost, and the division is at its largest.
                reach = open_beams[0][0] / ((5 + limits[row]) / 6) ** length_penalty if open_beams else -torch.inf
                if history is not None:
                    stopped = not open_beams or reach <= ended[row][0]
                    before = outputs[position * beam : (position + 1) * beam].tolist()
                    grown = _candidates(before, news[position], *candidates, fates, vocab_size, penalty)
                    history.add(row, BeamStep(grown, ended[row][0], reach, stopped))
                if open_beams and reach > ended[row][0]:
                    still.append(row)
                    open_beams += [(-torch.inf, *open_beams[0][1:])] * (beam - len(open_beams))
                    kept_scores.append([score for score, _, _ in open_beams])
                    chosen += [(parent, token) for _, parent, token in open_beams]
            if not still:
                break
            parents = torch.tensor([parent for parent, _ in chosen])
            tokens = torch.tensor([token for _, token in chosen])
            outputs = torch.cat([outputs[parents], tokens[:, None]], dim=1)
            (decoder.reorder if still == going else decoder.select)(parents.to(device))
            scores = torch.tensor(kept_scores, dtype=totals.dtype, device=device)
            going = still
    found = (end if end[0] > -torch.inf else cut for end, cut in zip(ended, cut_off, strict=True))
    return [ids for _, ids in found]


def _candidates(
    before: list[list[int]],
    news: list[float],
    values: list[float],
    indices: list[int],
    fates: list[Fate],
    vocab_size: int,
    penalty: float,
) -> list[Candidate]:
    """One source's candidates of one step, but for the copies that stand where a beam is not full."""
    grown = []
    for new, value, index, fate in zip(news, values, indices, fates, strict=True):
        if value > -math.inf:
            parent, token = index // vocab_size, index % vocab_size
            grown.append(Candidate(parent, (*before[parent], token), new, value, value / penalty, fate))
    return grown


def check_length_penalty(length_penalty: float) -> None:
    """Raises LabError for one that no sentences can be compared by."""
    if not 0 <= length_penalty <= MOST_PENALTY:  # nan neither
        raise LabError(
            f"length_penalty={length_penalty} must be from 0, which compares plain probabilities, to {MOST_PENALTY:g}; "
            "the paper's is 0.6."
        )


def _wide(logits: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """At least float32: sums of logarithms in half precision would make equals of different sentences."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _limits(model: Seq2Seq, source: Int[Tensor, "batch source"], limit: int | None) -> list[int]:
    """The longest output of each row, which does not depend on the others; LabError when a source is too long."""
    if limit is not None and limit < 1:
        raise LabError(f"limit={limit} must be at least 1.")
    if source.shape[1] > model.max_length:
        raise LabError(
            f"a sentence has {source.shape[1]} tokens with its <eos>; this model takes at most {model.max_length}: "
            "split the sentence."
        )
    longest = [output_limit(length, model.max_length) for length in (source != model.pad_id).sum(dim=1).tolist()]
    return longest if limit is None else [min(limit, one) for one in longest]
