"""Lecture 04: small ungraded exercises."""
