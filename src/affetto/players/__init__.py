"""Where playlists go."""
