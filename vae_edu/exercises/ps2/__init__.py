"""ps2: sampling with gradients, two gradient estimators, and the log densities of the VAE."""
