"""Veil: the network that says what stands before a face. See README.md in the folder above."""
