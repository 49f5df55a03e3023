"""Prices of the Cloud Billing catalogue for the rows of ours: read, matched, shown, kept."""
