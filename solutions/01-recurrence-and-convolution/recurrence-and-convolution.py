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
# # Recurrence, convolution, and a look back
#
# Before 2017 there were two ways to read a sentence: word after word, or all words at once through a keyhole. In this
# notebook you build both, measure what each of them costs, and end with the part that was added to repair them:
# attention. Chapters 2, 3 and 4 are the background.
#
# | | question | you write | points |
# |---|---|---|---|
# | 1 | [One cell, many times](#1.-One-cell,-many-times) | `rnn` | 2 |
# | 2 | [Reading from the other end](#2.-Reading-from-the-other-end) | `read_backwards` | 2 |
# | 3 | [One vector for a sentence](#3.-One-vector-for-a-sentence) | `sentence_vector` | 2 |
# | 4 | [What arrives of a gradient](#4.-What-arrives-of-a-gradient) | `gradient_norms` | 2 |
# | 5 | [Gates](#5.-Gates) | `gru_step` | 2 |
# | 6 | [A window that looks back](#6.-A-window-that-looks-back) | `causal_convolution` | 2 |
# | 7 | [A model that is too good](#7.-A-model-that-is-too-good) | a few sentences | 2 |
# | 8 | [Doors in a row](#8.-Doors-in-a-row) | `receptive_field` | 2 |
# | 9 | [Table 1 of the paper](#9.-Table-1-of-the-paper) | `waiting_and_path` | 1 |
# | 10 | [Looking back](#10.-Looking-back) | `additive_attention` | 3 |
#
# **Time:** about two hours. **You need:** Python, tensors and matrix products in PyTorch, the chain rule.
#
# **How it works.** Replace each `raise NotImplementedError` with your code, run the cell, then run the check below
# it. The check tries your function on several inputs and shows which of its criteria hold, with the points for each;
# when it recognises a mistake, it names it. Check as often as you like: nothing is recorded. The final grade comes
# from the same criteria on other random inputs. Question 7 is answered in words and read by a person. No question
# needs the answer to another one.

# %%
import math
from contextlib import suppress

import matplotlib.pyplot as plt
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from book_tools import style
from classroom.check import Checker
from classroom.play import play, slider

check = Checker("recurrence-and-convolution.npz")
style.use()
torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# ### How to read a signature
#
# `x: Float[Tensor, "batch n d_in"]` is a tensor of floating-point numbers: `batch` sentences of `n` words, each a
# vector of `d_in` numbers. The same name means the same size. A result has the dtype of the words: float64 in,
# float64 out.
#
# Formulas are written for one word, a column: $Wx$. In code the words of a batch are *rows*, and then the same
# product is `x @ w.T`.
#
# Everything here is made to be trained, so gradients have to flow back through your functions wherever a check lists
# them.

# %% [markdown]
# ## 1. One cell, many times
#
# A recurrent network keeps one vector of notes, its *state*. At each word a small cell makes the new state of the old
# one and the word:
#
# $$ h_t = \tanh(W x_t + U h_{t-1} + b) $$
#
# The matrices are the same at every step, and before the first word the state is 0.
#
# **Write** `rnn(x, w, u, b)`. It returns the state after *every* word, each at the position of its word. A state
# depends on the words up to its own and on no later one. PyTorch's recurrent layers raise an error while this
# question is checked; a loop over the words is what is meant.
#
# **By hand:** one sentence of two words, each a single number: $1$ and $0$. With $W = 1$, $U = 0.5$, $b = 0$ the
# first state is $\tanh 1$. And the second?


# %%
def rnn(
    x: Float[Tensor, "batch n d_in"], w: Float[Tensor, "d d_in"], u: Float[Tensor, "d d"], b: Float[Tensor, " d"]
) -> Float[Tensor, "batch n d"]:
    """The state after every word."""
    ### BEGIN SOLUTION
    h = x.new_zeros(x.shape[0], u.shape[0])
    states = []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ w.T + h @ u.T + b)
        states.append(h)
    return torch.stack(states, dim=1)
    ### END SOLUTION


# %%
check("rnn")

# %% [markdown]
# **Try it.** A single 1, then zeros. How long does the state remember it, for different $U$?

# %% tags=["demonstration"]
with suppress(NotImplementedError):  # nothing to see before the question is answered
    pulse = torch.zeros(1, 30, 1)
    pulse[0, 0] = 1.0
    strengths = (0.5, 0.9, 1.0, 1.2)
    curves = [rnn(pulse, torch.eye(1), strength * torch.eye(1), torch.zeros(1))[0, :, 0] for strength in strengths]
    figure, axis = plt.subplots(figsize=(6, 3))
    for strength, curve in zip(strengths, curves, strict=True):
        axis.plot(curve, label=f"$U = {strength}$")
    axis.set(xlabel="word", ylabel="state")
    axis.legend()
    plt.show()

# %% [markdown]
# Below 1 the pulse dies; above 1 the state runs to a value of its own and says no longer *when* it was pushed.
#
# ## 2. Reading from the other end
#
# The state at a word knows what stands before it. A second network that reads from the right knows what comes after.
# In a batch this has a trap. Sentences differ in length, the shorter ones are filled up with *padding* after their
# end, and from the right the padding comes first.
#
# **Write** `read_backwards(x, real, w, u, b)`, the same cell as in question 1, reading from the last word to the
# first. `real` is True at words and False at padding; padding stands after a sentence's words. It is not read:
# whatever its vectors hold, the state stays 0 until the last word. The state that was made at a word stands at that
# word's position, and at padding stand zeros. PyTorch's recurrent layers raise an error here as well.
#
# **By hand:** a sentence of one word, $1$, and one place of padding that holds $9$. With $W = U = 1$ and $b = 0$,
# what are both states? (If the first is $\tanh(1 + \tanh 9)$, you have read the padding.)


# %%
def read_backwards(
    x: Float[Tensor, "batch n d_in"],
    real: Bool[Tensor, "batch n"],
    w: Float[Tensor, "d d_in"],
    u: Float[Tensor, "d d"],
    b: Float[Tensor, " d"],
) -> Float[Tensor, "batch n d"]:
    """The states of a reader from the right, each at its word's position; 0 at padding."""
    ### BEGIN SOLUTION
    h = x.new_zeros(x.shape[0], u.shape[0])
    states = []
    for t in reversed(range(x.shape[1])):
        after = torch.tanh(x[:, t] @ w.T + h @ u.T + b)
        h = torch.where(real[:, t, None], after, h)
        states.append(h)
    return torch.stack(states[::-1], dim=1)
    ### END SOLUTION


# %%
check("read-backwards")

# %% [markdown]
# **Try it.** The same sentence, alone and beside a longer one.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    sentence, w, u = (torch.randn(*size, generator=generator) for size in ((3, 2), (2, 2), (2, 2)))
    alone = read_backwards(sentence[None], torch.ones(1, 3, dtype=torch.bool), w, u, torch.ones(2))
    batch = torch.randn(2, 6, 2, generator=generator)
    batch[0, :3] = sentence
    real = torch.tensor([[True] * 3 + [False] * 3, [True] * 6])
    beside = read_backwards(batch, real, w, u, torch.ones(2))
    print("alone:            ", alone[0, 0])
    print("with a neighbour: ", beside[0, 0])

# %% [markdown]
# Both lines must be equal. If they are not, a translation depends on which other sentences happen to be in the batch,
# and no loss curve shows it.
#
# ## 3. One vector for a sentence
#
# Two readers have gone through the sentence, one from each end. What do they know of the *whole* sentence? Each of
# them knows most where it ends.
#
# **Write** `sentence_vector(states, lengths)`. `states` has the direction on its first axis: `states[0]` are the
# states of the forward reader, `states[1]` those of the backward one, all at the positions of their words. Sentence
# `i` has `lengths[i]` words, at least one; what comes after them is padding, and whatever stands there must not
# matter. Return for each sentence one row: the state in which the forward reader ends, then the state in which the
# backward reader ends.
#
# **By hand:** one sentence of two words, padded to three. Forward states $1, 2, 3$, backward states $4, 5, 6$. Which
# two numbers? (The 3 and the 6 stand at padding.)


# %%
def sentence_vector(
    states: Float[Tensor, "2 batch n d"], lengths: Int[Tensor, " batch"]
) -> Float[Tensor, "batch twice_d"]:
    """The states in which the forward and the backward reader end, side by side."""
    ### BEGIN SOLUTION
    forward, backward = states
    rows = torch.arange(len(lengths))
    return torch.cat([forward[rows, lengths - 1], backward[:, 0]], dim=-1)
    ### END SOLUTION


# %%
check("sentence-vector")

# %% [markdown]
# **Try it.** How much of the sentence is in the backward state at either end? Wipe out one word after another and see
# whether it moves. (This needs question 2.)

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(1)
    x, w, u = (torch.randn(*size, generator=generator) for size in ((1, 5, 3), (4, 3), (4, 4)))
    real = torch.ones(1, 5, dtype=torch.bool)
    before = read_backwards(x, real, w, u / 2, torch.zeros(4))
    ends = sentence_vector(torch.stack([before, before]), torch.tensor([5]))
    print("your vector:", ends)
    for end, name in ((0, "first"), (4, "last")):
        seen = []
        for word in range(5):
            wiped = x.clone()
            wiped[0, word] = 0.0
            moved = read_backwards(wiped, real, w, u / 2, torch.zeros(4))[0, end] - before[0, end]
            seen.append(bool(moved.abs().max() > 1e-6))
        print(f"the backward state at the {name} word depends on:", [i for i in range(5) if seen[i]])

# %% [markdown]
# The backward reader begins at the last word. To read it there is a mistake that many published models had for a
# while: it runs, it trains, and half of the vector has seen one word.
#
# ## 4. What arrives of a gradient
#
# Suppose the last state should have known the first word. Training can tell it only by a gradient, and it has to go
# back through all states between. Forwards, one step multiplies by $U$ and bends by tanh, so its derivative is
# $\operatorname{diag}(1 - h_t^2)\, U$. A gradient goes back through its transpose:
#
# $$ g_{t-1} = U^\top \left( (1 - h_t^2) \odot g_t \right) $$
#
# **Write** `gradient_norms(states, u, gradient)` for one sentence. `states` are the states $h_1, \dots, h_n$ of the
# network of question 1, `gradient` is the gradient $g_n$ that the loss gives to the last state; the loss looks at no
# other. Return $n$ numbers: entry $k$ is the length $\lVert g_{n-k} \rVert$ of what arrives $k$ steps before the end.
# Entry 0 is the length of `gradient` itself. The first state is where the way ends: its own tanh is not passed, so
# its value changes nothing.
#
# **By hand:** $U = 0.5$, states $0.9, 0.6, 0$, and a gradient of $2$ at the last one. What arrives at the first?


# %%
def gradient_norms(
    states: Float[Tensor, "n d"], u: Float[Tensor, "d d"], gradient: Float[Tensor, " d"]
) -> Float[Tensor, " n"]:
    """The length of the gradient that arrives 0, 1, …, n − 1 steps before the end."""
    ### BEGIN SOLUTION
    g, lengths = gradient, [gradient.norm()]
    for h in states.flip(0)[:-1]:
        g = u.T @ ((1 - h**2) * g)
        lengths.append(g.norm())
    return torch.stack(lengths)
    ### END SOLUTION


# %%
check("gradient-norms")

# %% [markdown]
# **Try it.** The largest stretch of $U$ bounds what can arrive. How much of the bound is left, when $U$ stretches all
# vectors alike, by 1?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    rotation, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator))
    gradient = torch.randn(8, generator=generator)
    for size in (0.0, 0.2, 0.5):
        arrived = gradient_norms(torch.full((21, 8), size), rotation, gradient / gradient.norm())
        print(f"states of size {size}: after 5, 10 and 20 steps {arrived[5]:.3f}, {arrived[10]:.3f}, {arrived[20]:.3f}")

# %% [markdown]
# Only where tanh does not bend does all of it arrive.
#
# **Play with your own code.** A network of 16 features reads 40 random words. Your `gradient_norms` shows what
# arrives. Find a stretch of $U$ for which the first word still hears something. Then make the words louder: why does
# that help so little, or even harm?


# %% tags=["demonstration"]
def show_gradients(stretch, loudness):
    generator = torch.Generator().manual_seed(0)
    rotation, _ = torch.linalg.qr(torch.randn(16, 16, generator=generator))
    words, gradient = torch.randn(40, 16, generator=generator), torch.randn(16, generator=generator)
    h, states = torch.zeros(16), []
    for word in loudness * words:
        h = torch.tanh(word + stretch * rotation @ h)
        states.append(h)
    arrived = gradient_norms(torch.stack(states), stretch * rotation, gradient)
    axis = plt.subplots(figsize=(6, 3))[1]
    axis.semilogy(arrived / arrived[0])
    axis.set(xlabel="steps back", ylabel="part that arrives", ylim=(1e-8, 1e4))


play(
    show_gradients,
    stretch=slider(0.5, 2.0, start=0.9, step=0.05, label="stretch of U"),
    loudness=slider(0.05, 2.0, start=0.2, step=0.05, label="loudness"),
)

# %% [markdown]
# On this axis a straight line is an exponential. Between dying and exploding there is hardly any room, and loud words
# bend the tanh, which only takes away.
#
# ## 5. Gates
#
# A gate is a share between 0 and 1 for each feature, made by a sigmoid. The *gated recurrent unit* has two: the
# update gate $z$ says how much of the old state stays, the reset gate $r$ how much of it the new candidate may see.
#
# $$ \begin{aligned}
# r &= \sigma(W_r x + U_r h + b_r) \\
# z &= \sigma(W_z x + U_z h + b_z) \\
# c &= \tanh(W_c x + b_c + r \odot (U_c h)) \\
# h' &= z \odot h + (1 - z) \odot c
# \end{aligned} $$
#
# Papers and libraries differ in the details (which way round $z$ is, whether $r$ stands before or after $U_c$). Keep
# to these lines.
#
# **Write** `gru_step(x, h, w, u, b)`, one step for a batch. The three matrices lie one below the other, in the order
# reset, update, candidate: the first `d` rows of `w`, `u` and `b` belong to $r$, the next to $z$, the last to $c$.
# PyTorch's recurrent layers and cells raise an error here.
#
# **By hand:** one feature, $x = 1$, $h = 0.5$. All weights of the gates are 0, so both gates are a half. $W_c = 1$,
# $U_c = 2$, no bias.


# %%
def gru_step(
    x: Float[Tensor, "batch d_in"],
    h: Float[Tensor, "batch d"],
    w: Float[Tensor, "thrice_d d_in"],
    u: Float[Tensor, "thrice_d d"],
    b: Float[Tensor, " thrice_d"],
) -> Float[Tensor, "batch d"]:
    """The state after one more word."""
    ### BEGIN SOLUTION
    x_reset, x_update, x_candidate = (x @ w.T + b).chunk(3, dim=-1)
    h_reset, h_update, h_candidate = (h @ u.T).chunk(3, dim=-1)
    r = torch.sigmoid(x_reset + h_reset)
    z = torch.sigmoid(x_update + h_update)
    candidate = torch.tanh(x_candidate + r * h_candidate)
    return z * h + (1 - z) * candidate
    ### END SOLUTION


# %%
check("gru-step")

# %% [markdown]
# **Try it.** Twenty steps with an update gate that begins half closed, or nearly open (by its bias). How much
# gradient comes back to the state before the first word?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    words = torch.randn(20, 1, 4, generator=generator)
    w, u = 0.3 * torch.randn(24, 4, generator=generator), 0.3 * torch.randn(24, 8, generator=generator)
    for opened in (0.0, 2.0, 4.0):
        b = torch.zeros(24)
        b[8:16] = opened
        start = torch.zeros(1, 8, requires_grad=True)
        h = start
        for word in words:
            h = gru_step(word, h, w, u, b)
        (arrived,) = torch.autograd.grad(h.sum(), start)
        print(f"bias of the update gate {opened}: the gradient's length is {arrived.norm():.5f}, of {math.sqrt(8):.2f}")

# %% [markdown]
# A gate *can* let the gradient pass. Whether it does is learned, and by then the gradient has to have arrived.
#
# ## 6. A window that looks back
#
# Now the other way. A convolution gives each word a weighted sum of its neighbours, with a matrix for each place of
# the window. It is *causal* if the window ends at the word itself, and *dilated* if it takes every $\delta$-th word:
#
# $$ y_t = b + \sum_{i=0}^{w-1} W_i\, x_{t - i\delta} $$
#
# Where the window hangs over the beginning of the sentence there are zeros. There must be one output for each word.
#
# **Write** `causal_convolution(x, weight, bias, dilation)`. `weight[i]` is $W_i$, the matrix for the word `i *
# dilation` places back; `weight[0]` belongs to the word itself. Nothing may come in from later words. No output needs
# another output, so there is to be no Python loop over positions or sentences; a loop over the few places of the
# window is fine. You may use `nn.functional.conv1d`: mind that it wants features on axis 1, and has the *latest*
# place last. The window may be longer than the sentence.
#
# **By hand:** three words $1, 2, 3$, $w = 2$, $W_0 = 1$, $W_1 = 10$, $\delta = 2$, no bias.


# %%
def causal_convolution(
    x: Float[Tensor, "batch n d_in"],
    weight: Float[Tensor, "w d_out d_in"],
    bias: Float[Tensor, " d_out"],
    dilation: int,
) -> Float[Tensor, "batch n d_out"]:
    """For each word a weighted sum of itself and of w − 1 words before it, `dilation` apart."""
    ### BEGIN SOLUTION
    n, left = x.shape[1], (len(weight) - 1) * dilation
    padded = nn.functional.pad(x, (0, 0, left, 0))
    y = bias
    for i, matrix in enumerate(weight):
        start = left - i * dilation
        y = y + padded[:, start : start + n] @ matrix.T
    return y
    ### END SOLUTION


# %%
check("causal-convolution")

# %% [markdown]
# **Try it.** Three layers with gaps 1, 2 and 4, and random matrices. Which words move which output? Each column is a
# word that was changed, each row an output.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    matrices = torch.randn(3, 2, 4, 4, generator=generator)

    def three_layers(x):
        for matrix, gap in zip(matrices, (1, 2, 4), strict=True):
            x = torch.tanh(causal_convolution(x, matrix, torch.zeros(4), gap))
        return x

    x = 0.3 * torch.randn(1, 12, 4, generator=generator)
    moved = torch.zeros(12, 12)
    for word in range(12):
        other = x.clone()
        other[0, word] += 0.5
        moved[:, word] = ((three_layers(other) - three_layers(x)).abs().amax(dim=-1)[0] > 1e-6).float()
    figure, axis = plt.subplots(figsize=(4.5, 4))
    style.heatmap(axis, moved, row_name="output", column_name="changed word", decimals=None, largest=1)
    plt.show()

# %% [markdown]
# Nothing above the diagonal may be coloured: that would be the future. Each output sees eight words.
#
# ## 7. A model that is too good
#
# A colleague trains a stack of causal convolutions to predict the next letter. After one epoch the loss on new text
# is nearly 0, better than anybody has ever seen. Then the model is asked to *write*, letter by letter, and writes
# nonsense.
#
# **Answer in five to eight sentences.** What has probably happened, and why does it help in training and not in
# writing? Name one concrete way in which it could have come into a stack of convolutions. Then describe a test of a
# few lines that finds it without any training: what do you change, what do you compare, and how exactly do two
# numbers have to agree? How do you know that your test *can* fail?

# %% [markdown] tags=["answer:too-good"]
# ### BEGIN SOLUTION
# The model sees the letter that it should predict. In training and testing all letters are given at once, so
# copying the next one is enough for a loss near 0. When it writes, the later letters are not there yet, and it has
# learned nothing else.
#
# A likely way in is the padding: with zeros on both sides the window stands in the middle, and if the result is
# then cut to length at the wrong end it even begins at its own position. With a dilation, shifting by (w − 1)/2 or
# padding only w − 1 leaves a part of the window in the future.
#
# Test: run the untrained network on some text, change the letters from position t on, run it again, and compare the
# outputs before t. They have to agree up to rounding, for instance within 1e-6 of their size: two runs may round
# differently (another length, another kernel), so `==` may find influence where there is none. The output at t
# itself has to change, otherwise the network ignores its input, or I compare the wrong thing. And the same test on
# a network with padding on both sides must fail.
# ### END SOLUTION

# %% [markdown]
# ## 8. Doors in a row
#
# How far does a stack of causal convolutions see? One layer with window $w$ and gap $\delta$ looks $0, \delta,
# 2\delta, \dots, (w-1)\delta$ places back. What stands there has itself looked back, through the layer before. So the
# farthest word is at the sum of all layers' reaches. Whether *every* word up to there is seen depends on the gaps.
#
# **Write** `receptive_field(w, dilations, per_block, n)`. `dilations` has one gap for each block, and a block holds
# `per_block` convolutions with that gap, one after the other. Return `n` truth values: entry `j` is True if an output
# of the stack can depend on the word `j` places back. Entry 0 is the word itself. The field may end before `n`, or go
# beyond it.
#
# **By hand:** $w = 3$, gaps 1 and 2, one convolution each: all from 0 to 6. And with gaps 2 and 4?


# %%
def receptive_field(w: int, dilations: Int[Tensor, " blocks"], per_block: int, n: int) -> Bool[Tensor, " n"]:
    """Whether an output can depend on the word 0, 1, …, n − 1 places back."""
    ### BEGIN SOLUTION
    seen = {0}
    for gap in dilations.tolist():
        for _ in range(per_block):
            seen = {j + i * gap for j in seen for i in range(w)}
    return torch.tensor([j in seen for j in range(n)])
    ### END SOLUTION


# %%
check("receptive-field")

# %% [markdown]
# **Try it.** Four stacks of four layers with windows of three words.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    stacks = {
        "1, 1, 1, 1": [1] * 4,
        "1, 2, 4, 8": [1, 2, 4, 8],
        "1, 3, 9, 27": [1, 3, 9, 27],
        "2, 4, 8, 16": [2, 4, 8, 16],
    }
    for name, gaps in stacks.items():
        seen = receptive_field(3, torch.tensor(gaps), 1, 90)
        print(f"gaps {name:>12}: {int(seen.sum()):2} words, the farthest {seen.nonzero().max().item():2} places back")
        print("".join("█" if s else "·" for s in seen.tolist()))

# %% [markdown]
# The last two look far with as many layers. One of them sees only every second word of it.
#
# ## 9. Table 1 of the paper
#
# *Attention Is All You Need* compares layers by how many steps must wait for each other, and by the longest path that
# a signal has to go between two words. Put numbers in place of the O(·):
#
# - *waiting*: how many steps of **one layer** have to come one after the other, for `n` words;
# - *path*: how many steps, or how many layers, lie between the first and the last of `n` words. A recurrent network
#   goes there step by step; convolutions need a stack deep enough to connect both ends; attention compares every word
#   with every other one directly.
#
# **Write** `waiting_and_path(layer, n, w)`. It returns two whole numbers. `layer` is `"recurrent"`, `"convolution"`
# (causal, window `w`, no gaps), `"dilated"` (the same with gaps $1, w, w^2, \dots$ in successive layers) or
# `"attention"`. You may assume $n \ge 2$ and $w \ge 2$. The numbers are exact, also where a field just reaches the
# other end.
#
# **By hand:** nine words, windows of three, no gaps. The stack must reach 8 places back.


# %%
def waiting_and_path(layer: str, n: int, w: int) -> tuple[int, int]:
    """The steps of one layer that wait for each other, and the path from the first word to the last."""
    ### BEGIN SOLUTION
    if layer == "recurrent":
        return n, n - 1
    if layer == "attention":
        return 1, 1
    if layer == "convolution":
        return 1, -(-(n - 1) // (w - 1))
    layers, seen = 0, 1
    while seen < n:
        layers, seen = layers + 1, seen * w
    return 1, layers
    ### END SOLUTION


# %%
check("waiting-and-path")

# %% [markdown]
# **Try it.** Your table for three lengths.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    layers = ("recurrent", "convolution", "dilated", "attention")
    rows = {layer: [str(waiting_and_path(layer, n, 3)) for n in (17, 129, 1025)] for layer in layers}
    print(f"{'waiting, path':<15} {'17 words':>14} {'129 words':>14} {'1,025 words':>14}")
    for layer, row in rows.items():
        print(f"{layer:<15} {row[0]:>14} {row[1]:>14} {row[2]:>14}")

# %% [markdown]
# One row has small numbers only. What it pays instead is work: n² comparisons.
#
# ## 10. Looking back
#
# A translator of 2014 kept one vector of the sentence. In 2015 it was allowed to look back: before each word that it
# writes, its state $s$ asks all states $h_1, \dots, h_n$ of the source which of them matter now. A small network
# gives each a score, softmax turns scores into shares, and the answer is the states' average under these shares:
#
# $$ e_j = v^\top \tanh(W s + U h_j), \qquad a = \operatorname{softmax}(e), \qquad c = \sum_j a_j h_j $$
#
# **Write** `additive_attention(s, h, real, w, u, v)` for a batch. It returns the context $c$ of each sentence. `real`
# is True at words and False at padding. Padding gets no weight at all, whatever its states hold, and each sentence's
# weights sum to 1 over its words. Every sentence has at least one word. PyTorch's softmax is allowed.
#
# **By hand:** two words that are scored $0$ and $\ln 2$. Their states are $(0, 1)$ and $(1, 0)$. Which weights, and
# which context?


# %%
def additive_attention(
    s: Float[Tensor, "batch d_s"],
    h: Float[Tensor, "batch n d_h"],
    real: Bool[Tensor, "batch n"],
    w: Float[Tensor, "width d_s"],
    u: Float[Tensor, "width d_h"],
    v: Float[Tensor, " width"],
) -> Float[Tensor, "batch d_h"]:
    """The average of each sentence's states, under the weights that its asking state gives them."""
    ### BEGIN SOLUTION
    scores = torch.tanh((s @ w.T)[:, None] + h @ u.T) @ v
    weights = scores.masked_fill(~real, -torch.inf).softmax(dim=1)
    return (weights[:, None] @ h)[:, 0]
    ### END SOLUTION


# %%
check("additive-attention")

# %% [markdown]
# **Try it.** Train it to find. Each sentence holds six words of four numbers and a name, one of six; the state asks
# for a name, and the answer is the four numbers of the word that has it. Nobody tells the network to compare names.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    torch.manual_seed(0)
    parameters = [(torch.randn(*size) / 2).requires_grad_() for size in ((32, 6), (32, 10), (32,))]
    optimizer = torch.optim.Adam(parameters, lr=0.02)

    def draw(batch):
        numbers, names = torch.randn(batch, 6, 4), torch.stack([torch.randperm(6) for _ in range(batch)])
        asked = torch.randint(6, (batch,))
        h = torch.cat([numbers, nn.functional.one_hot(names, 6).float()], dim=-1)
        where = (names == asked[:, None]).long().argmax(dim=1)
        return nn.functional.one_hot(asked, 6).float(), h, numbers[torch.arange(batch), where]

    losses, everything = [], torch.ones(64, 6, dtype=torch.bool)
    for _ in range(300):
        s, h, answer = draw(64)
        loss = nn.functional.mse_loss(additive_attention(s, h, everything, *parameters)[:, :4], answer)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    figure, axis = plt.subplots(figsize=(6, 3))
    axis.semilogy(losses)
    axis.set(xlabel="step", ylabel="mean squared error")
    plt.show()

# %% [markdown]
# Where to look was found by gradients that passed through your softmax. What is left of the recurrence now, but the
# waiting? The next assignment takes it away.
#
# ## Done
#
# Run the cell below for all questions at once. Then restart the kernel and run everything from the top
# (*Run → Restart Kernel and Run All Cells…*) before you hand the notebook in: what counts is what your cells do in
# order, not what your kernel remembers.

# %% tags=["demonstration"]
check()
