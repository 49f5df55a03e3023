"""Keys of a stack's file that a region may not have: refused by the program, left out of a new region's file."""

from __future__ import annotations

OF_THE_FOUNDATION = (
    ("datasets",),
    ("models",),
    ("serviceAccount",),
    ("submitters",),
    ("quota", "concurrentTuningJobs"),
    ("buckets", "data"),
    ("buckets", "intermediateCheckpointDays"),
)
"""What belongs to tuning, and so to no region."""
