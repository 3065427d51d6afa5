"""Music: tracks, their mood, and the collections they live in."""
