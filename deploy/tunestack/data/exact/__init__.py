"""The exact half of the check: one line, value by value, with the place of everything that is wrong."""
