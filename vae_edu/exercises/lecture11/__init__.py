"""Lecture 11: small ungraded exercises."""
