"""The process in which a student's code runs, and what shuts it in."""
