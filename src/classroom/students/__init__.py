"""Who is in the course: class lists, teams, extensions; what is held of a student, and how it is given or removed."""
