"""What came out of the Transformer: other attentions, encoders without decoders, pictures."""
