"""Cloud Storage: objects that are read, pinned to a generation, files that become objects, and who may read them."""
