"""Lecture 12: what a code stands for, and the two parts of the KL."""
