"""The `tunestack` provider: what happens when a resource is applied."""
