"""The SQL of records: plain functions of a `Connection`, each called inside one transaction."""
