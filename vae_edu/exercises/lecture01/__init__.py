"""Lecture 01: small ungraded exercises."""
