"""Building the book: which chapters have to be executed again, executing them side by side, keeping what they gave."""
