"""ps1: the KL divergence."""
