"""Questions, the cases they are asked with, and the examiner who judges answers."""
