"""A student's code behind one seam: calling it, watching it, saying what went wrong in it."""
