"""Lecture 10: how much of a latent tells images apart, and two models compared on the same images."""
