"""Lecture 02: small ungraded exercises."""
