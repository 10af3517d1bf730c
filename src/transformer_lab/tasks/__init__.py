"""What a model can learn to do: to translate, to write on, to fill in, to name what an image shows."""
