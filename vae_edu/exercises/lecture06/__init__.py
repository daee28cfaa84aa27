"""Lecture 06: small ungraded exercises."""
