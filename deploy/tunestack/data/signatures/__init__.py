"""What examples are told apart by: hashes of what they hold, and what these say of a file, or of two."""
