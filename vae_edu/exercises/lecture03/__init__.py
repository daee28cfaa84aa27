"""Lecture 03: small ungraded exercises."""
