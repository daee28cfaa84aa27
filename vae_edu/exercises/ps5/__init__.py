"""ps5: the prior: the bound in three terms, mixtures, the VampPrior, two layers, and the whole VAE with a VampPrior."""
