"""From logits to a sentence: greedy and beam search over any sequence-to-sequence model.

Both re-run the decoder on the whole prefix at every step. Rows of a batch are independent.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from transformer_lab.errors import LabError
from transformer_lab.seq2seq import Seq2Seq


def output_limit(source_length: int, max_length: int) -> int:
    """How many tokens an output may have: 50 more than the source (Vaswani et al. 2017, section 6.1), if they fit."""
    return min(source_length + 50, max_length - 1)


@torch.no_grad()
def greedy_decode(
    model: Seq2Seq, source: Int[Tensor, "batch source"], bos_id: int, eos_id: int, limit: int | None = None
) -> list[list[int]]:
    """The most likely next token, again and again, until <eos>. Returns the ids without <bos> and <eos>.

    Raises:
        LabError: the source is longer than the model allows.
    """
    limit = _checked_limit(model, source, limit)
    rows = len(source)
    outputs = source.new_full((rows, 1), bos_id)
    going = torch.arange(rows, device=source.device)  # rows without <eos> so far; only they are computed
    memory, mask = model.encode(source), model.source_mask(source)
    finished: dict[int, list[int]] = {}
    for _ in range(limit):
        following = model.decode(outputs, memory, mask)[:, -1].argmax(dim=-1)
        outputs = torch.cat([outputs, following[:, None]], dim=1)
        over = following == eos_id
        if over.any():
            for row, ids in zip(going[over].tolist(), outputs[over].tolist(), strict=True):
                finished[row] = ids[1:-1]
            outputs, memory, mask, going = outputs[~over], memory[~over], mask[~over], going[~over]
            if not len(going):
                break
    finished |= {row: ids[1:] for row, ids in zip(going.tolist(), outputs.tolist(), strict=True)}
    return [finished[row] for row in range(rows)]


@torch.no_grad()
def beam_decode(
    model: Seq2Seq,
    source: Int[Tensor, "batch source"],
    bos_id: int,
    eos_id: int,
    beam: int = 4,
    length_penalty: float = 0.6,
    limit: int | None = None,
) -> list[list[int]]:
    """The best of `beam` sentences kept at every step; the paper's beam 4 and α = 0.6 (section 6.1).

    Sentences compare by log P / ((5 + length) / 6)^α (Wu et al. 2016, equation 14), <eos> counted in the length;
    without the division, short ones would always win. A source is done when no open sentence can still win.

    Raises:
        LabError: the source is longer than the model allows, or `beam` is below 1.
    """
    if beam < 1:
        raise LabError(f"beam={beam} must be at least 1.")
    limit = _checked_limit(model, source, limit)
    rows, device = len(source), source.device
    memory = model.encode(source).repeat_interleave(beam, dim=0)
    mask = model.source_mask(source).repeat_interleave(beam, dim=0)
    outputs = source.new_full((rows * beam, 1), bos_id)
    # All beams of a row start equal: only the first may be extended, or all would stay copies of it.
    scores = torch.full((rows, beam), -torch.inf, device=device)
    scores[:, 0] = 0.0
    best: list[tuple[float, list[int]]] = [(-torch.inf, [])] * rows
    going = list(range(rows))
    for length in range(1, limit + 1):
        log_probabilities = model.decode(outputs, memory, mask)[:, -1].log_softmax(dim=-1)
        vocab_size = log_probabilities.shape[-1]
        totals = (scores.flatten()[:, None] + log_probabilities).view(len(going), beam * vocab_size)
        # 2 × beam candidates: even if half of them end, a full beam of open sentences remains.
        values, indices = totals.topk(min(2 * beam, totals.shape[1]), dim=-1)
        penalty = ((5 + length) / 6) ** length_penalty
        last = length == limit
        chosen, kept_scores, still = [], [], []
        for position, row in enumerate(going):
            open_beams: list[tuple[float, int, int]] = []
            for rank, (value, index) in enumerate(
                zip(values[position].tolist(), indices[position].tolist(), strict=True)
            ):
                parent, token = position * beam + index // vocab_size, index % vocab_size
                if token == eos_id or last:
                    # An <eos> outside the beam's best does not count: it would never have been kept.
                    if rank < beam and value / penalty > best[row][0]:
                        ids = outputs[parent, 1:].tolist()
                        best[row] = (value / penalty, ids if token == eos_id else [*ids, token])
                elif len(open_beams) < beam:
                    open_beams.append((value, parent, token))
            # The most an open sentence can reach: no more log P is lost, and the division is at its largest.
            reach = open_beams[0][0] / ((5 + limit) / 6) ** length_penalty if open_beams else -torch.inf
            if open_beams and reach > best[row][0]:
                still.append(row)
                open_beams += [(-torch.inf, *open_beams[0][1:])] * (beam - len(open_beams))
                kept_scores.append([score for score, _, _ in open_beams])
                chosen += [(parent, token) for _, parent, token in open_beams]
        if not still:
            break
        parents = torch.tensor([parent for parent, _ in chosen], device=device)
        tokens = torch.tensor([[token] for _, token in chosen], device=device)
        outputs = torch.cat([outputs[parents], tokens], dim=1)
        memory, mask = memory[parents], mask[parents]
        scores = torch.tensor(kept_scores, device=device)
        going = still
    return [ids for _, ids in best]


def _checked_limit(model: Seq2Seq, source: Tensor, limit: int | None) -> int:
    """The longest output for this source; LabError when the source itself is too long."""
    if source.shape[1] > model.max_length:
        raise LabError(
            f"a sentence has {source.shape[1]} tokens with its <eos>; this model takes at most {model.max_length}: "
            "split the sentence."
        )
    longest = output_limit(source.shape[1], model.max_length)
    return longest if limit is None else min(limit, longest)
