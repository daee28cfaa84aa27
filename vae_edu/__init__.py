"""vae_edu: variational autoencoders, one small step per function.

Read the library in the order of the lectures; a lower floor never imports a higher one.

    1 steps       divergences, densities, reparam, epitome,  pure functions on tensors
                  information, flows
    2 parts       networks, likelihoods, priors, objectives  small nn.Modules, and the ELBO
    3 models      models/                                    each composed of floors 1 and 2
    4 work        training, evaluation, drawing, data, formats  one loop, every metric, every data set
    5 references  reference/                                 trained models: weights, card, probe
    6 exercises   exercises/                                 one file each: psN/NAME.py
    7 checks      checks/                                    what judges any exercise, and knows none by name
    8 grading     grading/, notebooks, plots, start,         a class; notebooks, figures, a working copy, where one stands
                  progress, errata
    9 commands    cli/                                       by user: student, instructor, maintainer, doctor

Shapes: `x` data (batch, pixels); `z` latents (batch, latent_dim); `mu`, `logvar` of a diagonal Gaussian.
Log densities are summed over the event dimension and given per image, in nats.
"""

__version__ = "0.1.0"
CHECK_MIME = "application/vnd.vae-edu.check+json"  # the machine-readable half of a check's output in a notebook
