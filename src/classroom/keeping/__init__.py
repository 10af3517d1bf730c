"""What a course keeps of its past: copies of the gradebook before changes, and a log of what changed whose score."""
