"""What a recipe's `architecture` may name: the sizes that each has, and the model built from them."""

from torch import nn

from transformer_lab.beyond.decoder_only import DecoderOnly
from transformer_lab.beyond.hybrid import HybridConfig, HybridTransformer
from transformer_lab.beyond.linear_attention import LinearTransformer
from transformer_lab.beyond.masked_lm import MaskedLanguageModel
from transformer_lab.beyond.sliding_window import WindowConfig, WindowTransformer
from transformer_lab.beyond.vision import VisionConfig, VisionTransformer
from transformer_lab.grouped_query import GroupedQueryConfig, GroupedQueryTransformer
from transformer_lab.learned_positions import LearnedPositionTransformer
from transformer_lab.predecessors.additive_attention import AttentionGRU, AttentionGRUConfig
from transformer_lab.predecessors.bidirectional import BidirectionalGRU, BidirectionalLSTM, BidirectionalRNN
from transformer_lab.predecessors.convolutional import ConvolutionalConfig, ConvolutionalSeq2Seq
from transformer_lab.predecessors.recurrent import FixedContextGRU, FixedContextLSTM, FixedContextRNN, RecurrentConfig
from transformer_lab.prenorm import PreNormTransformer
from transformer_lab.rotary import RotaryConfig, RotaryTransformer
from transformer_lab.seq2seq import Seq2Seq
from transformer_lab.tasks.images import IMAGES
from transformer_lab.tasks.language import CAUSAL_LANGUAGE, MASKED_LANGUAGE
from transformer_lab.tasks.task import Task
from transformer_lab.tasks.translation import TRANSLATION
from transformer_lab.transformer import Transformer, TransformerConfig

# What a recipe's `architecture` may name to translate: how its sizes are written, and the model built from them.
ARCHITECTURES: dict[str, tuple[type, type[Seq2Seq]]] = {
    "transformer": (TransformerConfig, Transformer),
    "prenorm": (TransformerConfig, PreNormTransformer),
    "learned-positions": (TransformerConfig, LearnedPositionTransformer),
    "rotary": (RotaryConfig, RotaryTransformer),
    "grouped-query": (GroupedQueryConfig, GroupedQueryTransformer),
    "linear": (TransformerConfig, LinearTransformer),
    "sliding-window": (WindowConfig, WindowTransformer),
    "hybrid": (HybridConfig, HybridTransformer),
    "rnn": (RecurrentConfig, FixedContextRNN),
    "gru": (RecurrentConfig, FixedContextGRU),
    "lstm": (RecurrentConfig, FixedContextLSTM),
    "bidirectional-rnn": (RecurrentConfig, BidirectionalRNN),
    "bidirectional-gru": (RecurrentConfig, BidirectionalGRU),
    "bidirectional-lstm": (RecurrentConfig, BidirectionalLSTM),
    "attention-gru": (AttentionGRUConfig, AttentionGRU),
    "convolutional": (ConvolutionalConfig, ConvolutionalSeq2Seq),
}
# All of these, which translate, and the models of other tasks.
MODELS: dict[str, tuple[type, type[nn.Module], Task]] = {
    **{name: (*parts, TRANSLATION) for name, parts in ARCHITECTURES.items()},
    "decoder-only": (TransformerConfig, DecoderOnly, CAUSAL_LANGUAGE),
    "masked-lm": (TransformerConfig, MaskedLanguageModel, MASKED_LANGUAGE),
    "vision": (VisionConfig, VisionTransformer, IMAGES),
}
CHOSEN_BY_DATA = ("pad_id", "image_size", "channels", "classes")


SIZES = {
    "vocab_size": "the most tokens that are learned; fewer where the text has fewer",
    "d_model": "width of a token's vector; in recurrent models, of the hidden state",
    "num_heads": "attentions side by side; d_model must be a multiple of it",
    "num_groups": "sets of keys and values that the heads share; num_heads must be a multiple of it",
    "d_ff": "inner width of the feed-forward network",
    "num_layers": "layers of the encoder, and of the decoder",
    "patch_size": "pixels of a patch, to each side; an image's size must be a multiple of it",
    "window": "how far self-attention sees to either side, in tokens",
    "kernel_size": "tokens that one convolution sees",
    "dropout": "chance that a number is set to 0 in training",
    "max_length": "the longest sentence, in tokens with its <eos>; longer pairs are left out of training",
}
