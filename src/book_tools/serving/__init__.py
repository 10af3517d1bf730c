"""`make serve`: the site as a server shows it, built again and reloaded whenever a source is saved."""
