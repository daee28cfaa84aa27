"""Lecture 13: codes by hand, and the hint of infusion training."""
