"""Lecture 09: the best Gaussian prior, and where a mixture rises."""
