"""Lecture 07: what a latent costs, and the encoder that costs least."""
