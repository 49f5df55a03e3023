"""All stacks at a glance: what each has, what that costs an hour, and what was changed outside of the engine."""
