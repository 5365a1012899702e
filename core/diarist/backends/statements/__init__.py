"""All SQL: plain functions of a `sqlite3.Connection`, each called inside one transaction."""
