"""Speech corpora: a table per corpus from its own file names, and the protocols that split them."""
