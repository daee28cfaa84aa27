"""The models of the course, one file each, composed of the parts of floor 2."""

from .autoencoder import Autoencoder
from .autoregressive import ConvHVAE, MaskedConv2d
from .epitomic import DropoutVAE, EpitomicVAE, MixtureVAE, matched_width
from .hierarchical import HVAE
from .infusion import InfusionChain
from .pixelcnn import PixelCNN
from .pixelvae import PixelVAE, TwoLevelPixelVAE
from .sequential import SequentialVAE
from .vae import VAE

__all__ = [
    "HVAE",
    "VAE",
    "Autoencoder",
    "ConvHVAE",
    "DropoutVAE",
    "EpitomicVAE",
    "InfusionChain",
    "MaskedConv2d",
    "MixtureVAE",
    "PixelCNN",
    "PixelVAE",
    "SequentialVAE",
    "TwoLevelPixelVAE",
    "matched_width",
]
