"""Lecture 14: what a price buys, and codes that are turned."""
