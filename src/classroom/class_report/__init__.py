"""The class at a glance: from the records of a grading run and the gradebook to one page and files for an LMS."""
