"""What a piece of work costs at least, whoever does it: floating-point operations and bytes moved.

Counted from the formulas, so that a slow implementation cannot make its own work look large. A multiplication and an
addition are two operations; only matrix products are counted, the rest is below one in a hundred. Attention is
counted where the mask allows it. Letters: d = `d_model`, f = `d_ff`, L = `num_layers`, V = `vocab_size`.
"""

from dataclasses import dataclass

from transformer_lab.transformer import TransformerConfig

FLOAT = 4  # bytes
# Weights are read forward and backward, gradients written and read, Adam reads and writes weights and two moments.
PASSES_OF_A_STEP = 2 + 2 + 6


@dataclass(frozen=True)
class Cost:
    """Floating-point operations, and bytes read or written."""

    flops: float
    bytes: float

    @property
    def intensity(self) -> float:
        """Operations for each byte moved."""
        return self.flops / self.bytes


def training_step(config: TransformerConfig, parameters: int, sentences: int, source: int, target: int) -> Cost:
    """Forward, backward (twice the forward's products) and Adam. Activations are not among the bytes: they could stay
    in a cache large enough."""
    forward = sentences * (encode_flops(config, source) + decode_flops(config, source, target))
    return Cost(3 * forward, PASSES_OF_A_STEP * FLOAT * parameters)


def decoding(config: TransformerConfig, sentences: int, source: int, steps: int, num_groups: int | None = None) -> Cost:
    """Encoding, then `steps` tokens for each sentence, every earlier key and value read instead of computed again.

    At every step the decoder's weights are read once, and each sentence's keys and values of source and prefix.
    """
    groups = num_groups or config.num_heads
    d, f, layers = config.d_model, config.d_ff, config.num_layers
    narrow = d * groups // config.num_heads  # width of all keys, or values, of a position
    weights = layers * (4 * d * d + 2 * d * narrow + 2 * d * f) + config.vocab_size * d
    positions = sum(step + source for step in range(1, steps + 1))
    cache = sentences * layers * positions * 2 * narrow
    flops = encode_flops(config, source, groups) + decode_flops(config, source, steps, groups)
    return Cost(sentences * flops, FLOAT * (steps * weights + cache))


def attention(length: int, d_head: int, matrices: int = 0, number: int = FLOAT) -> Cost:
    """Causal attention of one head, forward and backward, on numbers of so many bytes.

    Two products forward and four backward over the allowed pairs. Queries, keys, values, the output and the gradient
    of each are moved once, and the first four again for the backward pass. `matrices` is how often a whole
    length × length matrix is written or read besides.
    """
    pairs = length * (length + 1) // 2
    vectors = 12 * length * d_head
    return Cost(6 * 2 * pairs * d_head, number * (vectors + matrices * length * length))


def encode_flops(config: TransformerConfig, source: int, num_groups: int | None = None) -> int:
    """Forward pass of the encoder over one sentence, with the keys and values that the decoder's layers make of it."""
    d, f = config.d_model, config.d_ff
    narrow = d * (num_groups or config.num_heads) // config.num_heads
    layer = source * 2 * (2 * d * d + 2 * d * narrow + 2 * d * f) + _attention_flops(source * source, d)
    return config.num_layers * (layer + source * 2 * 2 * d * narrow)


def decode_flops(config: TransformerConfig, source: int, target: int, num_groups: int | None = None) -> int:
    """Forward pass of the decoder and the output layer over one sentence."""
    d, f = config.d_model, config.d_ff
    narrow = d * (num_groups or config.num_heads) // config.num_heads
    pairs = target * (target + 1) // 2 + target * source
    layer = target * 2 * (4 * d * d + 2 * d * narrow + 2 * d * f) + _attention_flops(pairs, d)
    return config.num_layers * layer + target * 2 * d * config.vocab_size


def _attention_flops(pairs: int, d_model: int) -> int:
    """Scores and weighted sums of all heads for so many pairs of query and key."""
    return 2 * 2 * pairs * d_model
