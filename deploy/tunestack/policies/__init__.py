"""Guardrails: what a stack may cost, where it may lie, what it may be made of; a policy pack of Pulumi's engine."""
