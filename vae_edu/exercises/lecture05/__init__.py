"""Lecture 05: small ungraded exercises."""
