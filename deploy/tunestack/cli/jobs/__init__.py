"""Tuning jobs as the service has them: listed, shown, watched, cancelled."""
