"""What all tables share, and the one row about the database itself."""

import os
from typing import Any

from sqlalchemy import BigInteger, Dialect, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

__all__ = ["Base", "MetaRow", "PathBytes"]


class PathBytes(TypeDecorator[str]):
    """A path as the bytes that the file system knows it by: a name need not be text in any encoding."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """To the database."""
        del dialect
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """From the database."""
        del dialect
        return None if value is None else os.fsdecode(bytes(value))


class Base(DeclarativeBase):
    """The base of all tables, with names for constraints that every database agrees on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class MetaRow(Base):
    """One row about the database itself.

    Attributes:
        id: Always 1.
        identity: Drawn when the database was made, so that what is derived from it can name it.
        revision: Grows with every change.
    """

    __tablename__ = "meta"

    id: Mapped[int] = mapped_column(primary_key=True)
    identity: Mapped[str] = mapped_column(String(32))
    revision: Mapped[int] = mapped_column(BigInteger)
