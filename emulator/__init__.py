"""A small Google Cloud on 127.0.0.1, for the `local` stacks and the tests. Nothing in deploy/ imports it."""
