"""Gets the Pulumi engine, its Python language host and its plugins onto a machine, for the local stack."""
