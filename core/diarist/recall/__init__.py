"""A query in, what fits it out. Pure: no disk, no clock, no framework."""
