"""From a trained model to sentences: decoding, translating, scoring, looking at its attention."""
