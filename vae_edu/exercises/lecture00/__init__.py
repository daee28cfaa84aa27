"""Lecture 00: small ungraded exercises."""
