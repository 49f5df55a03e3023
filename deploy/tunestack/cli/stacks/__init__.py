"""Many stacks at once: which there are, in what order they go up and come down, and how a new one is written."""
