"""A Python language host for a Pulumi CLI that comes without one.

`pulumi-language-python` is part of Pulumi's official archive but not of its Go modules. The engine starts it, reads a
port from its standard output, and asks it over gRPC what a program needs and to run it.
"""
