"""What question modules share: inputs, groups of forbidden names, mistakes and alternatives made from a reference."""
