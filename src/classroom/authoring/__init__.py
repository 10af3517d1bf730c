"""What instructors write, and `exercises/` made of it."""
