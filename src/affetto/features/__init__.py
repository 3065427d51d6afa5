"""Acoustic features: named, documented, pure functions of arrays."""
