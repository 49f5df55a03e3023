"""A stand-in for the pulumi-gcp provider, for machines that cannot install the real one: local stacks only.

It makes the calls that the real provider makes, to the emulator whose endpoints it is configured with, and refuses to
work without them.
"""
