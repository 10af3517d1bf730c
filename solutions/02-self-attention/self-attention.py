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
# # Self-attention, from the projection to the layer
#
# In eight small functions you build what the chapter *Self-attention* describes: a layer in which every token
# looks at every other token and takes what it needs. Each function is between one and six lines long. At the end
# you train your own layer on a small task and look at what it learned to attend to.
#
# | | question | you write | points |
# |---|---|---|---|
# | 1 | [Three views of a token](#1.-Three-views-of-a-token) | `project_qkv` | 2 |
# | 2 | [How well does a key match?](#2.-How-well-does-a-key-match?) | `attention_scores` | 3 |
# | 3 | [From scores to weights](#3.-From-scores-to-weights) | `softmax` | 2 |
# | 4 | [Hiding keys](#4.-Hiding-keys) | `masked_softmax` | 3 |
# | 5 | [Attention](#5.-Attention) | `scaled_dot_product_attention` | 3 |
# | 6 | [Who may see whom?](#6.-Who-may-see-whom?) | `decoder_mask` | 2 |
# | 7 | [The layer](#7.-The-layer) | `SelfAttention` | 3 |
# | 8 | [Steering attention](#8.-Steering-attention) | `steer` | 2 |
#
# **Time:** about 90 minutes. **You need:** Python, tensors and matrix products in PyTorch, the chapter.
#
# **How it works.** Replace each `raise NotImplementedError` with your code, run the cell, then run the check below
# it. The check tries your function on several inputs and shows which of its criteria hold, with the points for
# each; when it recognises a mistake, it names it. Check as often as you like: nothing is recorded. The final grade
# comes from the same criteria on other random inputs.
#
# The questions are judged one by one. Where a later one can be built from an earlier one, you may call your own
# function, but then its mistakes count twice: get the earlier check to full marks first.

# %%
import math
from contextlib import suppress

import matplotlib.pyplot as plt
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from book_tools import style
from classroom.check import Checker
from classroom.play import choice, play, slider

check = Checker("self-attention.npz")
style.use()
torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# ### How to read a signature
#
# Shapes are written in the signature, with a name for each axis:
# `query: Float[Tensor, "*batch q d_k"]` is a tensor of floating-point numbers whose last two axes are the queries
# and the features of a query; `*batch` stands for any number of axes before them, none included. The same name
# means the same size: in `attention_scores` below, `query` and `key` share `d_k`, but there may be more keys than
# queries.
#
# Two habits make a function work for every `*batch`: count axes from the end (`-1`, `-2`), and use `@`, which
# multiplies the last two axes and leaves the others alone.
#
# ### The running example
#
# One worked example, found on the web, runs through this notebook: three tokens, each a one-hot vector, and the same
# matrix for queries, keys and values. It is small enough to compute on paper. Keep the paper: you need it until
# question 5.
#
# $$
# X = \begin{bmatrix} 1 & 0 & 0 \\ 0 & 1 & 0 \\ 0 & 0 & 1 \end{bmatrix}
# $$
#
# $$
# W^Q = W^K = W^V = W = \begin{bmatrix} 1 & 0 \\ 0 & 1 \\ 1 & 1 \end{bmatrix}
# $$

# %%
X = torch.eye(3)
W = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])

# %% [markdown]
# ## 1. Three views of a token
#
# A token plays three parts in attention. As a *query* it asks, as a *key* it says what it has to offer, as a
# *value* it is what the others receive. One vector could hardly serve all three, so each part gets its own learned
# matrix:
#
# $$ Q = XW^Q, \qquad K = XW^K, \qquad V = XW^V $$
#
# **Write** `project_qkv(x, w_q, w_k, w_v)`. It returns the tuple `(q, k, v)`. `x` may be one sequence
# `(n, d_model)` or have any number of batch axes before that; the matrices have none.
#
# **By hand:** multiply $XW$ in the running example. What is the last row of $Q$? (The page that the
# example comes from gets it wrong.)


# %%
def project_qkv(
    x: Float[Tensor, "*batch n d_model"],
    w_q: Float[Tensor, "d_model d_k"],
    w_k: Float[Tensor, "d_model d_k"],
    w_v: Float[Tensor, "d_model d_v"],
) -> tuple[Float[Tensor, "*batch n d_k"], Float[Tensor, "*batch n d_k"], Float[Tensor, "*batch n d_v"]]:
    """The queries, keys and values of every token, in this order."""
    ### BEGIN SOLUTION
    return x @ w_q, x @ w_k, x @ w_v
    ### END SOLUTION


# %%
check("project-qkv")

# %% [markdown]
# **Try it.** Change one token of a sequence of five. Whose queries, keys and values change?

# %% tags=["demonstration"]
with suppress(NotImplementedError):  # nothing to see before the question is answered
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 8, generator=generator)
    matrices = [torch.randn(8, 4, generator=generator) for _ in range(3)]
    edited = x.clone()
    edited[2] += 1.0
    for name, before, after in zip("qkv", project_qkv(x, *matrices), project_qkv(edited, *matrices), strict=True):
        changed = (before != after).any(dim=-1)
        print(name, "changed for token", [i for i in range(5) if changed[i]])

# %% [markdown]
# Only token 2 changed: so far each token is on its own, like in any linear layer. Whatever tokens learn from each
# other must come from the next steps.
#
# ## 2. How well does a key match?
#
# The score of a query and a key is their dot product. It sums $d_k$ products, so its spread grows with $d_k$: for
# independent entries with mean 0 and variance 1, the sum has variance $d_k$. Dividing by $\sqrt{d_k}$ brings the
# variance back to 1, whatever the width of the model.
#
# $$ S = \frac{QK^\top}{\sqrt{d_k}} $$
#
# The transpose swaps the last two axes of $K$ and no others: `(batch, k, d_k)` becomes `(batch, d_k, k)`.
#
# **Write** `attention_scores(query, key)`, without a Python loop. These are the *scores*, before softmax; what
# softmax makes of them are the *weights*. Row $i$ of the result belongs to query $i$, column $j$ to key $j$.
#
# **By hand:** in the running example $S = WW^\top/\sqrt 2$. What shape has it? Which entry is largest?


# %%
def attention_scores(
    query: Float[Tensor, "*batch q d_k"], key: Float[Tensor, "*batch k d_k"]
) -> Float[Tensor, "*batch q k"]:
    """How well each query matches each key, scaled so that the variance does not depend on d_k."""
    ### BEGIN SOLUTION
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    ### END SOLUTION


# %%
check("attention-scores")

# %% [markdown]
# **Try it.** Is the division worth a line in the paper? Measure the spread of the scores with and without it.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    widths = [1, 4, 16, 64, 256, 1024]
    spread = []
    for d_k in widths:
        query, key = torch.randn(2, 60, d_k, generator=generator)
        products = (query[:, None] * key).sum(dim=-1)  # every dot product, not scaled
        spread.append((products.std().item(), attention_scores(query, key).std().item()))
    figure, axis = plt.subplots(figsize=(5.5, 3))
    axis.loglog(widths, [raw for raw, _ in spread], "o-", label=r"$QK^\top$")
    axis.loglog(widths, [yours for _, yours in spread], "s-", label="your scores")
    axis.set(xlabel="$d_k$", ylabel="standard deviation of a score", xticks=widths, xticklabels=widths)
    axis.minorticks_off()
    axis.legend()
    plt.show()

# %% [markdown]
# A spread of 1 or of 32 goes into the softmax of the next question. You will see there what it does to the
# gradient.
#
# ## 3. From scores to weights
#
# Each query now divides one unit of attention among the keys. Softmax does it: positive weights that sum to 1 *for
# each query*.
#
# $$ \operatorname{softmax}(s)_j = \frac{e^{s_j}}{\sum_{j'} e^{s_{j'}}} $$
#
# Written like this it fails in practice: `exp(100)` is infinite in float32, and infinity over infinity is not a
# number. But adding a constant to all scores of a row changes nothing, since it cancels. So a row can be shifted
# until its largest score is 0 and nothing overflows.
#
# **Write** `softmax(scores)` over the last axis (the keys), yourself: PyTorch's own softmax functions raise an
# error while this question is checked. It must survive scores of ±1000, in one row or in different rows.
#
# **By hand:** the softmax of $(\ln 1, \ln 2, \ln 5)$. And of $(1000 + \ln 1,\ 1000 + \ln 2,\ 1000 + \ln 5)$?


# %%
def softmax(scores: Float[Tensor, "*batch q k"]) -> Float[Tensor, "*batch q k"]:
    """Weights over the keys: positive, and each query's sum to 1."""
    ### BEGIN SOLUTION
    shifted = scores - scores.amax(dim=-1, keepdim=True)
    exponentials = shifted.exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)
    ### END SOLUTION


# %%
check("softmax")

# %% [markdown]
# **Try it.** Back to the spread of the scores. Take eight keys, and scores with a standard deviation of 1, 2, 4 …
# How is attention shared, and how much gradient comes back to the scores?

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(1000, 8, generator=generator, dtype=torch.float64)
    spreads = [1, 2, 4, 8, 16, 32]
    largest, gradient = [], []
    for s in spreads:
        scores = (s * base).requires_grad_()
        weights = softmax(scores)
        weights[:, 0].sum().backward()
        largest.append(weights.amax(dim=-1).mean().item())
        gradient.append(scores.grad.norm(dim=-1).mean().item())
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    left.semilogx(spreads, largest, "o-", base=2)
    left.set(xlabel="standard deviation of the scores", ylabel="largest weight", ylim=(0, 1.05))
    right.loglog(spreads, gradient, "o-", base=2)
    right.set(xlabel="standard deviation of the scores", ylabel="gradient to the scores")
    for axis in (left, right):
        axis.set_xticks(spreads, spreads)
    plt.show()

# %% [markdown]
# With widely spread scores one key takes almost everything, and the gradient that would change this shrinks. This
# is why question 2 divides by $\sqrt{d_k}$: at $d_k = 1024$ the unscaled scores sit at the right end of both plots.
#
# ## 4. Hiding keys
#
# Some keys must not be seen: padding, and in a decoder the future. A *mask* says who may attend to whom. Throughout
# this course a mask is boolean and **`True` means: may attend**.
#
# A hidden key must get a weight of exactly 0, and the visible ones must still sum to 1. The place to do this is
# before the exponential: a score of $-\infty$ becomes a weight of $e^{-\infty} = 0$. One case needs care. A query
# that may see nothing has only scores of $-\infty$, and softmax gives $0/0$. A single NaN in the output can reach
# every parameter in the next step of training. By convention such a query gets weights of 0.
#
# **Write** `masked_softmax(scores, mask)`. The mask broadcasts against the scores, so `(k,)`, `(q, k)` and
# `(batch, 1, k)` are all possible; `None` means that every key is visible. PyTorch's softmax is allowed here.
#
# **By hand:** scores $(\ln 1, \ln 2, \ln 5)$, mask `[True, True, False]`. Which weights? (If you get
# $(\frac18, \frac28, 0)$: they no longer sum to 1.)


# %%
def masked_softmax(
    scores: Float[Tensor, "*batch q k"], mask: Bool[Tensor, "*#batch #q #k"] | None = None
) -> Float[Tensor, "*batch q k"]:
    """Softmax over the keys that the mask allows; a query that may see nothing gets weights of 0."""
    ### BEGIN SOLUTION
    if mask is None:
        return scores.softmax(dim=-1)
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, lowest).softmax(dim=-1)
    return weights.masked_fill(~mask, 0.0)
    ### END SOLUTION


# %%
check("masked-softmax")

# %% [markdown]
# **Try it.** The same scores under three masks. The last one hides everything from query 2.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    scores = torch.randn(4, 4, generator=torch.Generator().manual_seed(1))
    everything = torch.ones(4, 4, dtype=torch.bool)
    nothing_for_2 = everything.clone()
    nothing_for_2[2] = False
    matrices = {
        "no mask": masked_softmax(scores),
        "no query sees a later key": masked_softmax(scores, everything.tril()),
        "query 2 sees nothing": masked_softmax(scores, nothing_for_2),
    }
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
    for axis, (title, matrix) in zip(axes, matrices.items(), strict=True):
        style.heatmap(axis, matrix, row_name="query", column_name="key", largest=1)
        axis.set_title(title)
    plt.show()

# %% [markdown]
# Compare a row on the left with the same row in the middle: hiding some keys does not change the proportions among
# the others.
#
# ## 5. Attention
#
# All the parts are there. Each query's output is an average of the values, with the weights that it gave to their
# keys (Vaswani et al. 2017, equation 1):
#
# $$ \operatorname{Attention}(Q, K, V) = \operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right) V $$
#
# **Write** `scaled_dot_product_attention(query, key, value, mask)`, without a Python loop and without PyTorch's
# ready-made attention. Values may be wider or narrower than keys. You may call `attention_scores` and
# `masked_softmax`.
#
# **By hand:** the output of the running example. The page that it comes from arrives at
# $\begin{bmatrix} \frac12 & \frac12 \\ 0 & 0 \end{bmatrix}$. Without computing anything, name two reasons why this
# cannot be. (Count its rows, and remember that every weight is positive.)


# %%
def scaled_dot_product_attention(
    query: Float[Tensor, "*batch q d_k"],
    key: Float[Tensor, "*batch k d_k"],
    value: Float[Tensor, "*batch k d_v"],
    mask: Bool[Tensor, "*#batch #q #k"] | None = None,
) -> Float[Tensor, "*batch q d_v"]:
    """For each query, the average of the values under its attention weights."""
    ### BEGIN SOLUTION
    weights = masked_softmax(attention_scores(query, key), mask)
    return weights @ value
    ### END SOLUTION


# %%
check("scaled-dot-product-attention")

# %% [markdown]
# **Try it.** The running example, done right. Compare with your paper.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    q, k, v = project_qkv(X, W, W, W)
    print("scores\n", attention_scores(q, k))
    print("weights\n", masked_softmax(attention_scores(q, k)))
    print("output\n", scaled_dot_product_attention(q, k, v))

# %% [markdown]
# Three queries and three keys make a 3×3 matrix of weights, and softmax of finite scores is never exactly 0. The
# third key is the longest: the other tokens give it as much weight as they give themselves, and the third token
# gives itself about half. A dot product rewards length as well as direction; it is not a cosine.
#
# ## 6. Who may see whom?
#
# A decoder is trained on whole sentences at once. To make this honest, position $i$ may look at positions
# $0 \ldots i$ only: otherwise it would read the answer it is asked to predict. And sentences of different lengths
# share a batch, filled up with a padding token that nobody should look at. Both rules hold together:
#
# > query $i$ may attend to key $j$ exactly if $j \le i$ **and** token $j$ is not padding.
#
# Both rules are about *keys*. A query that stands on padding keeps its row: what it computes is simply never used.
#
# **Write** `decoder_mask(tokens, pad_id)`. It returns a boolean tensor, `True` = may attend.
#
# **By hand:** the 4×4 mask of the tokens `[7, 5, 0, 0]` with `pad_id=0`.


# %%
def decoder_mask(tokens: Int[Tensor, "batch n"], pad_id: int) -> Bool[Tensor, "batch n n"]:
    """True where query i may attend to key j: not in the future, and not padding."""
    ### BEGIN SOLUTION
    n = tokens.shape[-1]
    causal = torch.ones(n, n, dtype=torch.bool, device=tokens.device).tril()
    real = (tokens != pad_id)[:, None, :]
    return causal & real
    ### END SOLUTION


# %%
check("decoder-mask")

# %% [markdown]
# **Try it.** Two sentences in one batch. A dot stands for *hidden*.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    sentences = [["I", "like", "green", "tea"], ["me", "too", "<pad>", "<pad>"]]
    vocabulary = {"<pad>": 0, "I": 1, "like": 2, "green": 3, "tea": 4, "me": 5, "too": 6}
    tokens = torch.tensor([[vocabulary[word] for word in sentence] for sentence in sentences])
    for sentence, mask in zip(sentences, decoder_mask(tokens, pad_id=0), strict=True):
        for word, row in zip(sentence, mask, strict=True):
            print(f"{word:>8} sees", "  ".join(w if seen else "·" for w, seen in zip(sentence, row, strict=True)))
        print()

# %% [markdown]
# ## 7. The layer
#
# A layer keeps its matrices as parameters, so that training can change them. Self-attention takes queries, keys
# and values from the same sequence; that is what *self* means.
#
# **Write** the class `SelfAttention`. Its constructor makes three linear maps named `query`, `key` and `value`
# **without a bias** ($XW$, nothing added): two from `d_model` to `d_k`, one from `d_model` to `d_v`. The names
# matter, because the check copies its own weights into them. (`nn.Linear` stores its matrix transposed, as
# `(out, in)`. You need not care, as long as you call it.) `forward(x, mask)` returns the output of attention.
#
# **By hand:** how many parameters has `SelfAttention(d_model=512, d_k=64, d_v=64)`? Would the number change for
# longer sequences?


# %%
class SelfAttention(nn.Module):
    """One head of self-attention: queries, keys and values are linear maps of the same sequence."""

    def __init__(self, d_model: int, d_k: int, d_v: int):
        super().__init__()
        ### BEGIN SOLUTION
        self.query = nn.Linear(d_model, d_k, bias=False)
        self.key = nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_v, bias=False)
        ### END SOLUTION

    def forward(
        self, x: Float[Tensor, "*batch n d_model"], mask: Bool[Tensor, "*#batch #n #n"] | None = None
    ) -> Float[Tensor, "*batch n d_v"]:
        """What every token receives from the tokens that it may attend to."""
        ### BEGIN SOLUTION
        return scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), mask)
        ### END SOLUTION


# %%
check("self-attention-layer")

# %% [markdown]
# **Try it.** Train your layer. Each sequence holds six tokens. A token is four random numbers, a flag that is 1 for
# one token and 0 for the others, and a constant 1 (without it, a map without bias could not make the same query for
# every token). Every position is asked for the four numbers of the flagged token, wherever it is. Nobody tells the
# layer to look for the flag.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    torch.manual_seed(0)
    layer = SelfAttention(d_model=6, d_k=4, d_v=4)

    def draw(batch):
        content, flagged = torch.randn(batch, 6, 4), torch.randint(6, (batch,))
        flags = nn.functional.one_hot(flagged, 6).float()[..., None]
        answer = content[torch.arange(batch), flagged][:, None].expand(-1, 6, -1)
        return torch.cat([content, flags, torch.ones(batch, 6, 1)], dim=-1), answer, flagged

    losses = []
    for _ in range(100):
        x, answer, _ = draw(32)
        loss = nn.functional.mse_loss(layer(x), answer)
        layer.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= parameter.grad  # gradient descent, with a learning rate of 1
        losses.append(loss.item())
    with torch.no_grad():
        x, _, flagged = draw(1)
        weights = masked_softmax(attention_scores(layer.query(x), layer.key(x)))[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    left.semilogy(losses)
    left.set(title="training", xlabel="step", ylabel="mean squared error")
    style.heatmap(right, weights, row_name="query", column_name="key", largest=1)
    right.set_title(f"weights, with the flag on token {flagged.item()}")
    plt.show()

# %% [markdown]
# The way to the flag was found by gradients that passed through your softmax. This is why *gradients* is one of the
# criteria.
#
# One thing this layer cannot do is count. Shuffle the tokens, and the output is shuffled in the same way: the layer
# has no idea of order. A Transformer adds positions to its input for this reason.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    torch.manual_seed(1)
    layer, x, order = SelfAttention(d_model=5, d_k=4, d_v=4), torch.randn(1, 6, 5), torch.randperm(6)
    same = torch.allclose(layer(x[:, order]), layer(x)[:, order], atol=1e-6)
    print("tokens in the order", order.tolist(), "- output in the same order:", same)

# %% [markdown]
# ## 8. Steering attention
#
# Attention weights are numbers like any other, and nothing stops us from editing them. Multiply the weight of one
# key by a factor and share out the unit again: with a factor of 3 every query takes more from this token, with 0 it
# is as if the token were not there. This is a way to ask a trained model *what if you had looked here?*
#
# **Write** `steer(weights, key, factor)`: in every row the weight of key number `key` (an int) is multiplied by
# `factor` (a float ≥ 0), then the row is divided by its sum. A row whose sum is 0 has nothing to share: it stays 0.
# Return a new tensor and leave the one you were given as it is.
#
# **By hand:** `steer` on the row $(\frac12, \frac14, \frac14)$ with `key=0`, `factor=2`. Why is the answer not
# $(1, \frac14, \frac14)$?


# %%
def steer(weights: Float[Tensor, "*batch q k"], key: int, factor: float) -> Float[Tensor, "*batch q k"]:
    """The weights with one key's share multiplied by a factor, and every row sharing out one unit again."""
    ### BEGIN SOLUTION
    multiplier = torch.ones_like(weights)
    multiplier[..., key] = factor
    edited = weights * multiplier
    total = edited.sum(dim=-1, keepdim=True)
    return edited / total.masked_fill(total == 0, 1.0)
    ### END SOLUTION


# %%
check("steer")

# %% [markdown]
# **Try it.** In the running example, pull every token's attention to token 0, or away from it, and watch its output
# move.

# %% tags=["demonstration"]
with suppress(NotImplementedError):
    scores = attention_scores(W, W)
    for factor in (0.0, 0.5, 1.0, 4.0, 100.0):
        weights = steer(masked_softmax(scores), 0, factor)
        first, second = weights[1] @ W
        shares = ", ".join(f"{share:.3f}" for share in weights[1])
        print(f"factor {factor:5}: token 1 attends ({shares}), output ({first:.3f}, {second:.3f})")
    towards_0 = torch.tensor([math.log(4.0), 0.0, 0.0])
    same = torch.allclose(steer(masked_softmax(scores), 0, 4.0), masked_softmax(scores + towards_0), atol=1e-6)
    print("multiplying a weight by 4 = adding log 4 to its score:", same)

# %% [markdown]
# The last line is worth a thought. A factor on a weight is a number added to a score, and a factor of 0 is a score
# of $-\infty$: the mask of question 4 is steering, too.
#
# **Play with your own code.** Every picture below comes from your functions: the sharpness multiplies the scores before
# your `masked_softmax`, the factor goes into your `steer`. Make token 1 look at token 0 more than at any other, first
# with the sharpness alone, then with the factor. Why does only one of them succeed?

# %% tags=["demonstration"]
SEEN = {"everything": None, "the past": torch.ones(3, 3, dtype=torch.bool).tril()}


def show_steering(sharpness, seen, key, factor):
    weights = steer(masked_softmax(sharpness * attention_scores(W, W), SEEN[seen]), key, factor)
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    style.heatmap(left, weights, row_name="query", column_name="key", largest=1)
    left.set_title("weights")
    style.heatmap(right, weights @ W, row_name="token", column_name="feature", largest=1)
    right.set_title("output")


play(
    show_steering,
    sharpness=slider(0.0, 8.0, start=1.0, step=0.1),
    seen=choice(SEEN.keys(), label="may be seen"),
    key=slider(0, 2, start=0, label="steered key"),
    factor=slider(0.0, 10.0, start=1.0, step=0.1),
)

# %% [markdown]
# ## Done
#
# Run the cell below for all questions at once. Then restart the kernel and run everything from the top
# (*Run → Restart Kernel and Run All Cells…*) before you hand the notebook in: what counts is what your cells do in
# order, not what your kernel remembers.

# %% tags=["demonstration"]
check()
