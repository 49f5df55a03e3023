"""Where the engine keeps the state of real environments, and the key that its secrets are encrypted with."""
