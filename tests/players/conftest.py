import pytest

from affetto.players import secrets


@pytest.fixture(autouse=True)
def _secrets_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test takes the passwords of another out of its messages."""
    monkeypatch.setattr(secrets, "_seen", set())
