"""Catalogs: collections of music described in a file."""

from affetto.music.catalog.reader import FIELDS, load_catalog, starter

__all__ = ["FIELDS", "load_catalog", "starter"]
