"""From a reading and an intent to a playlist."""
