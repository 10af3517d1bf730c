"""The Transformer with learned positions in place of sinusoids (Vaswani et al. 2017, table 3, row E)."""

from transformer_lab.positional import LearnedPositionalEncoding
from transformer_lab.transformer import Transformer, TransformerConfig


class LearnedPositionTransformer(Transformer):
    """As the Transformer; one table of positions serves source and target."""

    def __init__(self, config: TransformerConfig):
        super().__init__(config)
        self.position = LearnedPositionalEncoding(config.max_length, config.d_model)
