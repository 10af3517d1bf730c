"""From a learning platform's download to `submitted/STUDENT/ASSIGNMENT/`, through nbgrader's own collector."""
