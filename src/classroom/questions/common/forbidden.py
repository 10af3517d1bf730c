"""Names that questions forbid, by family: a question says which families it is about, and adds its own.

`library` names what students could import ready-made from the course's own library.
"""

SOFTMAX = (
    "torch.softmax",
    "torch.Tensor.softmax",
    "torch.log_softmax",
    "torch.Tensor.log_softmax",
    "torch.nn.functional.softmax",
    "torch.nn.functional.log_softmax",
    "torch.nn.functional.softmin",
    "torch.nn.functional.gumbel_softmax",
    "torch.special.softmax",
    "torch.special.log_softmax",
    "torch.nn.Softmax.forward",
    "torch.nn.LogSoftmax.forward",
)
ATTENTION = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.MultiheadAttention.forward",
)
TRANSFORMER = (
    "torch.nn.TransformerEncoderLayer.forward",
    "torch.nn.TransformerDecoderLayer.forward",
    "torch.nn.TransformerEncoder.forward",
    "torch.nn.TransformerDecoder.forward",
    "torch.nn.Transformer.forward",
)
RECURRENT = (
    "torch.nn.RNN.forward",
    "torch.nn.LSTM.forward",
    "torch.nn.GRU.forward",
    "torch.nn.RNNCell.forward",
    "torch.nn.LSTMCell.forward",
    "torch.nn.GRUCell.forward",
    "torch.rnn_tanh",
    "torch.rnn_tanh_cell",
    "torch.rnn_relu",
    "torch.rnn_relu_cell",
    "torch.gru",
    "torch.gru_cell",
    "torch.lstm",
    "torch.lstm_cell",
)
CONVOLUTION = (
    "torch.conv1d",
    "torch.conv2d",
    "torch.nn.functional.conv1d",
    "torch.nn.functional.conv2d",
    "torch.nn.functional.unfold",
    "torch.nn.Conv1d.forward",
    "torch.nn.Conv2d.forward",
)
NORMALISATION = (
    "torch.layer_norm",
    "torch.batch_norm",
    "torch.nn.functional.layer_norm",
    "torch.nn.functional.batch_norm",
    "torch.nn.functional.rms_norm",
    "torch.nn.functional.group_norm",
    "torch.nn.functional.instance_norm",
    "torch.nn.LayerNorm.forward",
    "torch.nn.BatchNorm1d.forward",
    "torch.nn.RMSNorm.forward",
    "torch.nn.GroupNorm.forward",
)
LOSSES = (
    "torch.nn.functional.cross_entropy",
    "torch.nn.functional.nll_loss",
    "torch.nn.functional.kl_div",
    "torch.nn.CrossEntropyLoss.forward",
    "torch.nn.NLLLoss.forward",
    "torch.nn.KLDivLoss.forward",
)
EMBEDDING = ("torch.embedding", "torch.nn.functional.embedding", "torch.nn.Embedding.forward")
LINEAR = ("torch.nn.functional.linear", "torch.nn.functional.bilinear", "torch.nn.Linear.forward")
DROPOUT = ("torch.dropout", "torch.nn.functional.dropout", "torch.nn.Dropout.forward")
MASKS = ("torch.nn.Transformer.generate_square_subsequent_mask",)

FAMILIES = {
    "softmax": SOFTMAX,
    "attention": ATTENTION,
    "Transformer": TRANSFORMER,
    "recurrent layers": RECURRENT,
    "convolution": CONVOLUTION,
    "normalisation": NORMALISATION,
    "losses": LOSSES,
    "embedding": EMBEDDING,
    "linear maps": LINEAR,
    "dropout": DROPOUT,
    "masks": MASKS,
}


def library(package: str, *names: str) -> tuple[str, ...]:
    """Dotted names in a package: `library("transformer_lab.attention", "masked_softmax")`."""
    return tuple(f"{package}.{name}" for name in names)
