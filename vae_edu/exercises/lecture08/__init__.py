"""Lecture 08: what an epitome shows the decoder, and what it costs."""
