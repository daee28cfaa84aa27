"""The models of the course, one file each, composed of the parts of floor 2."""

from .autoencoder import Autoencoder
from .vae import VAE

__all__ = ["VAE", "Autoencoder"]
