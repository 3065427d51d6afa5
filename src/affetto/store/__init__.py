"""What is kept between runs: a database of the person's music, in a file of their own or on a server they share."""

from affetto.store.engine import Store, database_path, default_store, default_store_exists, open_store

__all__ = ["Store", "database_path", "default_store", "default_store_exists", "open_store"]
