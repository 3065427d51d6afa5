"""The errors that Affetto raises on purpose.

Every message names the value that was received and the way out, in one line, so that the command line can print it
as it stands and exit with code 2.
"""

__all__ = [
    "AffettoError",
    "AudioError",
    "CatalogError",
    "CorpusError",
    "LibraryError",
    "ModelError",
    "OptionError",
    "PlayerError",
    "PlaylistError",
    "ProfileError",
    "RecipeError",
    "SettingsError",
    "StoreError",
]


class AffettoError(Exception):
    """Anything a caller can put right: bad input, a bad option, a missing extra."""


class AudioError(AffettoError):
    """A recording cannot be opened, decoded or recorded."""


class OptionError(AffettoError):
    """An argument is outside what is offered (an unknown intent, a negative length)."""


class SettingsError(AffettoError):
    """A setting from the environment or the config file has the wrong type or value."""


class ModelError(AffettoError):
    """A model file is missing, damaged or from another version."""


class ProfileError(AffettoError):
    """A voice profile is not there, is damaged or cannot be kept."""


class CatalogError(AffettoError):
    """A music catalog cannot be read or holds nothing usable."""


class LibraryError(AffettoError):
    """A folder, track or list that the person's collection is asked for is not there or cannot be used."""


class StoreError(AffettoError):
    """The database cannot be opened, written or understood, or another process holds it."""


class PlayerError(AffettoError):
    """A player cannot be reached, refuses, or answers what cannot be used."""


class PlaylistError(AffettoError):
    """A playlist cannot be written where it was asked for."""


class CorpusError(AffettoError):
    """A speech corpus is missing, incomplete or contradicts itself."""


class RecipeError(AffettoError):
    """A training recipe has an unknown key or a value of the wrong type."""
