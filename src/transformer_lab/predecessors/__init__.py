"""The sequence-to-sequence models before the Transformer: recurrent and convolutional."""
