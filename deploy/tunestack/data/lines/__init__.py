"""One pass over the lines of a file: read, cut into blocks, looked at and added up, in one process or in several."""
