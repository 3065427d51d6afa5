from sqlalchemy import insert

from affetto.recommendation.plays import play_counts
from affetto.store import Store
from affetto.store.tables import FeedbackRow, ListenerRow


def test_plays_are_counted_for_all_listeners_and_what_was_taken_back_is_not(store: Store) -> None:
    def act(listener, kind, track, *, library="own", undone=None):
        token = f"{listener} {kind} {track} {library} {undone}"
        return {"listener_id": listener, "kind": kind, "library": library, "track": track, "at": 1, "facts": "{}"} | {
            "token": token,
            "undone": undone,
        }

    people = [{"id": n, "name": f"p{n}", "created": 0, "revision": 0, "asks": False} for n in (1, 2)]
    with store.write() as connection:
        connection.execute(insert(ListenerRow), people)
        connection.execute(
            insert(FeedbackRow),
            [
                act(1, "completed", "7"),
                act(2, "play", "7"),
                act(1, "like", "7"),
                act(1, "skip", "8"),
                act(1, "play", "7", library="starter"),
                act(1, "play", "9", undone=5),
            ],
        )
    assert play_counts(store, library="own") == {"7": 2.0}
