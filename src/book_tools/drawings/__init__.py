"""The chapters' drawings: a module for each chapter, a function for each figure. Words come from a table."""
