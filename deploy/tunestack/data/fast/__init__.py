"""The fast half of the check: says of many lines at once that all are right beyond doubt, or nothing at all."""
