"""Vertex AI, as far as models are tuned and served: tuning jobs, models, endpoints, predictions, operations."""

from emulator.vertex.routing import routes

__all__ = ["routes"]
