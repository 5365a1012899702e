"""A diary in PostgreSQL: the pages and records of any number of users in one database."""

from diarist.backends.postgres.backend import PostgresBackend
from diarist.backends.postgres.records import PostgresRecords

__all__ = ["PostgresBackend", "PostgresRecords"]
