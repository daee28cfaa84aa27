"""ps6: strong decoders: masked convolutions, annealing, free bits, flows."""
