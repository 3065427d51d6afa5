"""ListenBrainz: a public diary of listening. Playlists go there as JSPF, loves, hates and listens come back.

Nothing is played there. What is played here is sent there only if the listener said so when connecting.
Written after listenbrainz.readthedocs.io.
"""

from affetto.players.listenbrainz.player import ListenBrainz
from affetto.players.listenbrainz.sign_in import connect, open_player, submit_heard

__all__ = ["ListenBrainz", "connect", "open_player", "submit_heard"]
