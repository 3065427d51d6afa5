"""One small hierarchy."""

from affetto import errors


def test_every_error_is_caught_as_one() -> None:
    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, errors.AffettoError)
        assert error.__doc__
    assert not issubclass(errors.AffettoError, OSError | ValueError)
