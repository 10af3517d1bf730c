"""What a student handed in: read whatever it holds, looked through, marked."""
