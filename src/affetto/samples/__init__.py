"""Bundled voices, synthesized by tools/make_samples.py: nothing recorded from a person is in them."""
