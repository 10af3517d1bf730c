"""The `course` program: one door to the library's and the classroom's commands."""
