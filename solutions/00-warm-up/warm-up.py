# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Warm-up: the pieces around the machine
#
# A translator reads numbers, gives numbers, and is judged by numbers. In nine small functions you build what
# surrounds it: sums that do not overflow, the matrix that turns pieces into vectors and back, the loss, the merges
# that make pieces, and BLEU. Each function is between one and ten lines long. None of them needs a model.
#
# | | question | you write | points |
# |---|---|---|---|
# | 1 | [Every row against every row](#1.-Every-row-against-every-row) | `squared_distances` | 1 |
# | 2 | [A sum that is too large](#2.-A-sum-that-is-too-large) | `log_sum_exp` | 2 |
# | 3 | [Shares that sum to one](#3.-Shares-that-sum-to-one) | `softmax` | 2 |
# | 4 | [One matrix, in and out](#4.-One-matrix,-in-and-out) | `in_and_out` | 2 |
# | 5 | [The loss of a batch](#5.-The-loss-of-a-batch) | `cross_entropy` | 3 |
# | 6 | [Among how many choices?](#6.-Among-how-many-choices?) | `perplexity` | 1 |
# | 7 | [One merge](#7.-One-merge) | `merge_step` | 2 |
# | 8 | [Runs that count](#8.-Runs-that-count) | `clipped_counts` | 2 |
# | 9 | [One number for a translator](#9.-One-number-for-a-translator) | `bleu` | 2 |
# | 10 | [Two reports](#10.-Two-reports) | a text | 3 |
#
# **Time:** about 110 minutes. **You need:** Python, a little PyTorch, the chapter *Sequences to sequences*.
#
# **How it works.** Replace each `raise NotImplementedError` with your code, run the cell, then run the check below
# it. The check tries your function on several inputs and shows which of its criteria hold, with the points for each;
# when it recognises a mistake, it names it. Check as often as you like: nothing is recorded. The final grade comes
# from the same criteria on other random inputs. Question 10 is read by a person.
#
# The questions are judged one by one, and none needs another.

# %%
import math
from collections import Counter
from contextlib import suppress
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from book_tools import style
from classroom.check import Checker
from classroom.play import choice, play, slider

check = Checker("warm-up.npz")
style.use()
torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# ### How to read a signature
#
# Shapes are written in the signature, with a name for each axis: `x: Float[Tensor, "*batch n d"]` is a tensor of
# floating-point numbers whose last two axes are `n` rows and `d` features; `*batch` stands for any number of axes
# before them, none included. The same name means the same size. `Float[Tensor, ""]` has no axis: it is one number.
# `Int` are whole numbers, `Bool` truth values.
#
# ## 1. Every row against every row
#
# Which pieces of a vocabulary are alike? Those whose vectors lie close together. To find out, every row of one matrix
# meets every row of another:
#
# $$ D_{ij} = \sum_{f=1}^{d} (x_{if} - y_{jf})^2 $$
#
# No loop is needed. When two tensors meet, PyTorch lines their axes up from the end; where one of them has size 1, or
# nothing at all, it is stretched to the size of the other. This is *broadcasting*. A new axis of size 1 is made by
# `x[..., :, None, :]` or `x.unsqueeze(-2)`.
#
# **Write** `squared_distances(x, y)` without a Python loop. Entry $(i, j)$ of the result belongs to row $i$ of `x`
# and row $j$ of `y`. Batch axes broadcast: one `y` may serve a whole batch.
#
# **By hand:** the rows (0, 0) and (3, 4) against (0, 1), (3, 0) and (3, 4).


# %%
def squared_distances(
    x: Float[Tensor, "*batch n d"],
    y: Float[Tensor, "*#batch m d"],
) -> Float[Tensor, "*batch n m"]:
    """The squared distance of every row of x from every row of y."""
    ### BEGIN SOLUTION
    return (x[..., :, None, :] - y[..., None, :, :]).square().sum(dim=-1)
    ### END SOLUTION


# %%
check("squared-distances")

# %% [markdown]
# **Try it.** Six points on a line, against themselves. What must the diagonal be, and what happens to the matrix when
# you exchange its two axes?

# %% tags=["demonstration"]
with suppress(NotImplementedError):  # nothing to see before the question is answered
    points = torch.tensor([[0.0], [1.0], [2.0], [4.0], [5.0], [9.0]])
    distances = squared_distances(points, points)
    figure, axis = plt.subplots(figsize=(4.6, 4))
    style.heatmap(axis, distances, row_name="row of x", column_name="row of y")
    plt.show()

# %% [markdown]
# ## 2. A sum that is too large
#
# A model gives a *score* to each of its choices, and shares come from exponentials of scores. The sum of these
# exponentials, or rather its logarithm, is met again and again:
#
# $$ \operatorname{LSE}(s) = \log \sum_j e^{s_j} $$
#
# In float32, $e^{89}$ is infinite and $e^{-104}$ is 0. The result itself is harmless: it lies a little above the
# largest score. So the large factor is taken out of the sum before anything is computed. For any number $m$, $\sum_j
# e^{s_j} = e^m \sum_j e^{s_j - m}$.
#
# **Write** `log_sum_exp(scores)` over the last axis, which is gone afterwards. PyTorch's own `logsumexp`, `softmax`
# and losses raise an error while this question is checked. It must survive scores of ±1000, in one row or in
# different rows. An entry of $-\infty$ adds nothing; each row has at least one that is finite.
#
# **By hand:** the log-sum-exp of $(\ln 1, \ln 2, \ln 5)$. And of $(1000, 1000)$?


# %%
def log_sum_exp(scores: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """The logarithm of the sum of the exponentials of each row."""
    ### BEGIN SOLUTION
    largest = scores.amax(dim=-1, keepdim=True)
    return (scores - largest).exp().sum(dim=-1).log() + largest.squeeze(-1)
    ### END SOLUTION


# %%
check("log-sum-exp")

# %% [markdown]
# **Try it.** Log-sum-exp of the scores $x$ and 0, as $x$ grows. Which function of $x$ does it come close to, on the
# left and on the right?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    x = torch.linspace(-6, 6, 200)
    yours = log_sum_exp(torch.stack([x, torch.zeros_like(x)], dim=-1))
    figure, axis = plt.subplots(figsize=(5.5, 3))
    axis.plot(x, yours, label="log-sum-exp of x and 0")
    axis.plot(x, x.clamp(min=0), "--", label="the larger of x and 0")
    axis.set(xlabel="$x$")
    axis.legend()
    plt.show()

# %% [markdown]
# A maximum with a rounded corner. This is why a shift by the maximum is enough: what is left in the sum is between 1
# and the number of scores.
#
# ## 3. Shares that sum to one
#
# Softmax makes shares of scores: all are positive, and together they are 1.
#
# $$ \operatorname{softmax}(s)_j = \frac{e^{s_j}}{\sum_{j'} e^{s_{j'}}} = e^{\,s_j - \operatorname{LSE}(s)} $$
#
# A tensor has several axes. Which of them is shared out has to be said: *dim* names it.
#
# **Write** `softmax(scores, dim)` over the axis `dim`, which may be counted from the front or from the end. PyTorch's
# softmax functions raise an error while this question is checked. It must survive scores of ±1000, in one slice or in
# different ones.
#
# **By hand:** the columns of the matrix $\begin{bmatrix} \ln 1 & \ln 2 \\ \ln 3 & \ln 8 \end{bmatrix}$ with `dim=0`.
# Which sums are 1, those of the rows or those of the columns?


# %%
def softmax(scores: Float[Tensor, "..."], dim: int) -> Float[Tensor, "..."]:
    """Positive shares that sum to 1 along one axis."""
    ### BEGIN SOLUTION
    exponentials = (scores - scores.amax(dim=dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=dim, keepdim=True)
    ### END SOLUTION


# %%
check("stable-softmax")

# %% [markdown]
# **Try it.** The same scores, shared out along the columns and along the rows.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    scores = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    shares = [softmax(scores, dim) for dim in (0, 1)]
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    for dim, axis in enumerate(axes):
        style.heatmap(axis, shares[dim], row_name="axis 0", column_name="axis 1", largest=1)
        axis.set_title(f"dim={dim}")
    plt.show()

# %% [markdown]
# ## 4. One matrix, in and out
#
# A piece of text is a number, its *id*. The machine works with vectors, so each id has one: row $i$ of a matrix $E$
# with $V$ rows. At its other end the machine has a vector $h$ and has to choose a piece. It gives each piece the dot
# product of $h$ with the piece's row; these $V$ scores are the *logits*.
#
# $$ \text{in: } E_i \qquad\qquad \text{out: } hE^\top $$
#
# **Write** `in_and_out(ids, hidden, table)`, which returns a pair: the rows of `table` that the ids pick, and the
# logits of the hidden vectors. The rows and the dot products as they are, neither scaled nor put through softmax. The
# table learns from both ends: gradients have to reach it on both ways.
#
# **By hand:** the table has the rows (1, 2), (0, 3) and (5, −1). What do the ids 2 and 0 pick, and which logits has
# $h = (1, 2)$?


# %%
def in_and_out(
    ids: Int[Tensor, "*batch n"], hidden: Float[Tensor, "*batch n d"], table: Float[Tensor, "V d"]
) -> tuple[Float[Tensor, "*batch n d"], Float[Tensor, "*batch n V"]]:
    """The vectors of the ids, and the logits of the hidden vectors, both with one table."""
    ### BEGIN SOLUTION
    return table[ids], hidden @ table.T
    ### END SOLUTION


# %%
check("in-and-out")

# %% [markdown]
# **Try it.** In, and at once out again: the logits of the looked-up vectors themselves. Is each piece its own best
# match?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(8, 4, generator=generator)
    ids = torch.arange(8)
    vectors, _ = in_and_out(ids, torch.zeros(8, 4), table)
    _, logits = in_and_out(ids, vectors, table)
    for piece, best in zip(ids.tolist(), logits.argmax(dim=-1).tolist(), strict=True):
        print(f"piece {piece} scores highest with piece {best}" + ("" if piece == best else "  <- not itself"))

# %% [markdown]
# Not always: a long vector in a similar direction has a larger dot product. The transposed matrix does not undo the
# look-up. It scores.
#
# ## 5. The loss of a batch
#
# Training asks one question at each place: how likely did you think the right piece? The loss is the mean of $-\log
# P(\text{right piece})$, the *cross-entropy*. With log-softmax it comes straight from the logits:
#
# $$ \ell = -\operatorname{log\,softmax}(s)_y = \operatorname{LSE}(s) - s_y $$
#
# Sentences of different lengths share a batch, filled up with a padding piece. Nobody asked about padding, so it must
# not count: not in the sum, and not in what the sum is divided by.
#
# **Write** `cross_entropy(logits, targets, pad_id)`, which returns one number, the mean over all real tokens of the
# batch. Padding is what equals `pad_id`, and such a place does not count, whatever the logits there. It must survive
# logits of ±1000. PyTorch's losses raise an error here; `log_softmax` and `logsumexp` are allowed.
#
# **By hand:** three pieces; logits $(0, 0, \ln 2)$, then $(0, 0, \ln 6)$, then anything; targets 2, 1, and padding.
# The two probabilities are $\frac12$ and $\frac18$. What is the loss?


# %%
def cross_entropy(
    logits: Float[Tensor, "batch n V"], targets: Int[Tensor, "batch n"], pad_id: int
) -> Float[Tensor, ""]:
    """The mean of -log P(target) over the targets that are not padding."""
    ### BEGIN SOLUTION
    real = targets != pad_id
    losses = -logits.log_softmax(dim=-1).gather(-1, targets[..., None])[..., 0]
    return losses[real].mean()
    ### END SOLUTION


# %%
check("cross-entropy")

# %% [markdown]
# **Try it.** One batch, padded further and further. The logits at padded places predict padding with certainty, as a
# model soon does that was trained on it. Your loss beside a mean over all places:

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    real_logits, real_targets = torch.randn(1, 4, 6, generator=generator), torch.tensor([[3, 1, 5, 2]])
    for more in (0, 4, 12, 36):
        sure = 20 * nn.functional.one_hot(torch.zeros(1, more, dtype=torch.long), 6)
        logits = torch.cat([real_logits, sure], dim=1)
        targets = torch.cat([real_targets, torch.zeros(1, more, dtype=torch.long)], dim=1)
        everything = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        yours = cross_entropy(logits, targets, pad_id=0)
        print(f"{more:2} places of padding: yours {yours:.3f}, the mean over all places {everything:.3f}")

# %% [markdown]
# A loss that counts padding looks better by itself, whenever a batch holds one long sentence.
#
# ## 6. Among how many choices?
#
# A loss of 2.3 says little. Its exponential, the *perplexity*, does: whoever chooses among 10 pieces that are all
# equally likely has a perplexity of 10.
#
# $$ \operatorname{perplexity} = \exp\Bigl(-\frac1m \sum_{t=1}^{m} \log P(y_t)\Bigr) $$
#
# **Write** `perplexity(log_probs, real)`, which returns one number for the whole batch, in which all real tokens
# weigh the same. What stands in `log_probs` at padded places, where `real` is false, may be anything, $-\infty$ as
# well. Such places are left out wherever the padding is. It must survive a text of 90 tokens.
#
# **By hand:** three pieces with the probabilities $\frac12$, $\frac14$ and $\frac18$.


# %%
def perplexity(log_probs: Float[Tensor, "batch n"], real: Bool[Tensor, "batch n"]) -> Float[Tensor, ""]:
    """exp of minus the mean logarithmic probability of the real tokens."""
    ### BEGIN SOLUTION
    return torch.exp(-log_probs[real].mean())
    ### END SOLUTION


# %%
check("perplexity")

# %% [markdown]
# **Try it.** A model that is right nine times of ten with certainty, and once gives the right piece a probability
# $p$. How much does one bad surprise cost?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    for p in (0.1, 1e-3, 1e-6, 1e-12):
        log_probs = torch.tensor([[0.0] * 9 + [math.log(p)]])
        print(f"p = {p:g}: perplexity {perplexity(log_probs, torch.ones(1, 10, dtype=torch.bool)):.2f}")

# %% [markdown]
# ## 7. One merge
#
# Where do the pieces come from? Byte-pair encoding begins with single characters and makes one new piece at a time:
# the two neighbours that are met together most often become one.
#
# Pieces are numbers here as well. A text of the pieces 5, 7, 5, 7, 7, 2, 5, 7 has the pair (5, 7) three times; as
# piece 9 it leaves 9, 9, 7, 2, 9.
#
# **Write** `merge_step(ids, new_id)`, which finds the two neighbours that stand together most often, in this order,
# and returns the sequence in which they are joined wherever they meet, from left to right, as a tensor of whole
# numbers. One pair is always ahead of all others, so no tie has to be broken. A loop is fine.
#
# **By hand:** the example above. And what becomes of 4, 4, 4 when (4, 4) is the pair?


# %%
def merge_step(ids: Int[Tensor, "n"], new_id: int) -> Int[Tensor, "m"]:
    """The sequence with its most frequent pair of neighbours made one piece."""
    ### BEGIN SOLUTION
    pieces = ids.tolist()
    counts = Counter(pairwise(pieces))
    pair = max(counts, key=counts.get)
    joined = []
    for piece in pieces:
        if joined and (joined[-1], piece) == pair:
            joined[-1] = new_id
        else:
            joined.append(piece)
    return torch.tensor(joined)
    ### END SOLUTION


# %%
check("merge-step")

# %% [markdown]
# **Try it.** Two merges, one after the other, on the text *abcdabceabcab*. Its letters are the pieces 0 to 4.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    ids = torch.tensor(["abcde".index(letter) for letter in "abcdabceabcab"])
    steps = [ids]
    for new_id in (5, 6):
        steps.append(merge_step(steps[-1], new_id))
    for step in steps:
        print(*step.tolist())

# %% [markdown]
# The second merge joins a piece that the first one made. This is how long pieces come about.
#
# **Play with your own code.** Your `merge_step`, again and again, on a text of your choice. A bar stands between two
# pieces. What does it find first in English, what in Chinese? How many merges does it take until a whole word is one
# piece?

# %% tags=["demonstration"]
TEXTS = {
    "learning": "learn learns learning reading teach teaching machine machines learning",
    "sea shells": "she sells sea shells by the sea shore, the shells she sells are sea shells",
    "Chinese": "机器学习和深度学习都是机器学习，机器翻译是机器学习",
}


def show_merges(text, merges):
    names = dict(enumerate(sorted(set(TEXTS[text]))))
    numbers = {name: number for number, name in names.items()}
    ids = torch.tensor([numbers[sign] for sign in TEXTS[text]])
    for _ in range(merges):
        new = len(names)
        before, ids = ids.tolist(), merge_step(ids, new)
        if new not in ids:
            print("No new piece came out of your merge.")
            return
        place = ids.tolist().index(new)
        names[new] = names[before[place]] + names[before[place + 1]]
    print("|".join(names[piece] for piece in ids.tolist()))
    found = ", ".join(list(names.values())[len(numbers) :]) or "none"
    print(f"\n{len(TEXTS[text])} signs, {len(ids)} pieces; new: {found}")


play(show_merges, text=choice(TEXTS.keys()), merges=slider(0, 20, start=3))

# %% [markdown]
# ## 8. Runs that count
#
# BLEU compares a translation with one that a person made. It counts *runs* of $k$ neighbouring pieces that both have.
# Every place begins a run: four pieces have three runs of two.
#
# A run counts at most as often as the reference has it. Otherwise *the the the the the the the* would be perfect
# against *the cat is on the mat*; with this *clipping*, 2 of its 7 words count.
#
# **Write** `clipped_counts(output, reference, k)`, which returns two whole numbers: how many runs of `k` pieces
# count, and how many the output has. A run counts as often as the output has it, but at most as often as `reference`
# has it. An output shorter than `k` has none, so both numbers are 0.
#
# **By hand:** 3, 3, 3, 4 against 3, 4, 5, 3 with $k = 1$, and with $k = 2$.


# %%
def clipped_counts(output: Int[Tensor, "c"], reference: Int[Tensor, "r"], k: int) -> tuple[int, int]:
    """How many runs of k pieces count, and how many were written."""
    ### BEGIN SOLUTION
    mine, theirs = (
        Counter(tuple(ids[start : start + k].tolist()) for start in range(len(ids) - k + 1))
        for ids in (output, reference)
    )
    return (mine & theirs).total(), mine.total()
    ### END SOLUTION


# %%
check("clipped-counts")

# %% [markdown]
# **Try it.** Two translations of one sentence with the same words, in another order. Which share falls fastest?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    words = ["the", "animal", "was", "tired", ",", "so", "it", "slept", "."]
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}

    def as_ids(text):
        return torch.tensor([numbers[word] for word in text.split()])

    for text in ("the animal was tired , so it slept .", "it slept , so the animal was tired ."):
        found = [clipped_counts(as_ids(text), as_ids(" ".join(words)), k) for k in (1, 2, 3, 4)]
        print(f"{text:38}", "  ".join(f"{matched} of {written}" for matched, written in found))

# %% [markdown]
# ## 9. One number for a translator
#
# The counts of a whole test set become one number. For each length of run, those that count are divided by those that
# were written; of these shares $p_1 \dots p_4$ the geometric mean is taken. Whoever writes little is easily right, so
# an output that is shorter than its reference, with $c$ pieces for $r$, is cut by the *brevity penalty*.
#
# $$
# \operatorname{BLEU} = 100 \cdot e^{\min(0,\, 1 - r/c)} \cdot \bigl(p_1\, p_2\, p_3\, p_4\bigr)^{1/4}
# $$
#
# **Write** `bleu(matched, written, lengths, reference_lengths)`, a number from 0 to 100. Row $i$ of `matched` and
# `written` has what the last question counts for sentence $i$, with $k$ = 1 to 4. All counts and lengths are added up
# over the sentences before anything is divided. The penalty is at most 1. When a share is 0, or nothing was written
# for it, the score is 0. It comes as a float32 tensor without axes.
#
# **By hand:** two sentences; 8, 4, 2, 1 and 2, 0, 0, 0 runs count of 8, 7, 6, 5 and 2, 1, 0, 0; their lengths are 8
# and 2, those of their references 10 and 10. Leave the root as it is.


# %%
def bleu(
    matched: Int[Tensor, "sentences 4"],
    written: Int[Tensor, "sentences 4"],
    lengths: Int[Tensor, "sentences"],
    reference_lengths: Int[Tensor, "sentences"],
) -> Float[Tensor, ""]:
    """BLEU from the counts of all sentences."""
    ### BEGIN SOLUTION
    shares = matched.sum(dim=0) / written.sum(dim=0).clamp(min=1)
    penalty = (1 - reference_lengths.sum() / lengths.sum()).clamp(max=0).exp()
    return 100 * penalty * shares.log().mean().exp()
    ### END SOLUTION


# %%
check("bleu")

# %% [markdown]
# **Try it.** An output that is right in all that it says, and says less and less.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    for c in (40, 36, 30, 20, 10):
        written = torch.tensor([[c, c - 1, c - 2, c - 3]])
        score = bleu(written, written, torch.tensor([c]), torch.tensor([40]))
        print(f"{c} of 40 words, all right: {score:.1f}")

# %% [markdown]
# ## 10. Two reports
#
# Two groups translate the same test set. One cuts text into 1,000 subwords, and scores words. The other cuts it into
# characters, for the model and for the score. The second group reports the lower perplexity *and* the higher BLEU,
# and concludes that its translator is better. Besides, padded places count in its training and in its evaluation.
#
# **Explain** in six to twelve sentences:
#
# 1. why the two perplexities cannot be compared, and what could be compared in their place;
# 2. why the two BLEU scores cannot be compared, and what you would ask for before you compare;
# 3. in which direction the padded places move the second group's perplexity, and why.

# %% [markdown] tags=["answer:two-reports"]
# ### BEGIN SOLUTION
# Perplexity is an average *per piece*. The same sentence is, say, ten subwords or fifty characters, and its
# probability is a product of ten or of fifty factors. If both models think it equally likely, −log P of the whole is
# the same, and divided by fifty it is a fifth of what it is divided by ten. There are also far fewer characters to
# choose among. So the lower perplexity is to be expected, and says nothing of the translator. To compare, add up −log
# P over the whole text and divide both sums by the same thing: words, characters, or sentences.
#
# BLEU of characters and BLEU of words are two scales. Two unlike words share letters and runs of letters, so runs of
# characters match much more often. Before I compare I want the settings of both scores: the same references, cut into
# words in the same way, with the same case, pooled over the same corpus.
#
# A model for which padding counts in training soon knows that padding follows padding, and gives it a probability
# near 1. Such a place has −log P near 0. Counted, it pulls the mean down, and the perplexity with it; the more
# padding there is in the batches, the lower.
# ### END SOLUTION

# %% [markdown]
# ## Done
#
# Run the cell below for all questions at once. Then restart the kernel and run everything from the top (*Run →
# Restart Kernel and Run All Cells…*) before you hand the notebook in: what counts is what your cells do in order, not
# what your kernel remembers.

# %% tags=["demonstration"]
check()
