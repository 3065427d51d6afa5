"""Sound in, :class:`~affetto.voice.reading.Reading` out, at run time."""
