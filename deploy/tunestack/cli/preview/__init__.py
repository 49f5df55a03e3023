"""What an `up` would change and cost, for people: on a terminal, and as the comment of a change that is reviewed."""
