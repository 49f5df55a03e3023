"""`tunestack doctor`: whether what a stack needs is there, and what to do where it is not."""
