"""ps3: the ELBO, a training step, the importance-sampled likelihood, active units, and the whole network."""
