"""The library that the book teaches: the Transformer from scaled dot-product attention up.

To read it from the first line to the whole model: `attention`, `masks`, `multihead`, `positional`, `normalization`,
`feedforward`, `layers`, `embedding`, `transformer`. Then what is done with it: `training.loss`, `training.schedule`,
`training.trainer`, `translation.decoding`, `cache`. Then what differs: `prenorm`, `grouped_query`, `rotary`,
`learned_positions`; what came before (`predecessors`), and what followed (`beyond`). What a model can learn to do
is in `tasks`; weights to and from torch's own layers in `torch_weights`; mistakes, and blocks without a part, in
`specimens` and `block_specimens`.
"""
