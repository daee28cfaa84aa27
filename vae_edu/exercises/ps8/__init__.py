"""ps8: beta, capacity, and what two scores say of a code."""
