"""ps7: less variance with every code, and images in steps."""
