"""Checkpoints in Cloud Storage: what a folder holds, copying it to another place, and the note beside a copy."""
