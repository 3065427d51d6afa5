"""A listener who answers what they are asked while connecting."""

from affetto.players.secrets import Secret


class Somebody:
    """Gives the lines in order, and the secret whenever one is asked for; ``told`` is all that was said to them."""

    def __init__(self, *lines: str, secret: str) -> None:
        self.lines, self._secret, self.told = list(lines), secret, []

    def line(self, question: str) -> str:
        assert self.lines, f"asked too much: {question}"
        self.told.append(question)
        return self.lines.pop(0)

    def secret(self, question: str) -> Secret:
        self.told.append(question)
        return Secret(self._secret)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def open(self, address: str) -> None:
        raise AssertionError(address)
