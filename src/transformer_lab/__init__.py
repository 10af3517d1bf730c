"""The library that the book teaches: the Transformer from scaled dot-product attention up."""
