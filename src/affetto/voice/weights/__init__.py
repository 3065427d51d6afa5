"""Model files: the recognizer and the voice activity detector, each with its own licence."""
