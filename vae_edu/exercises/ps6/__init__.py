"""ps6: strong decoders, what their codes say, and draws without a prior."""
