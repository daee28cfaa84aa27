"""Lecture 08b: the density around a model's samples, and centres that move to their images."""
