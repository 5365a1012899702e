"""A turn in, edits out. Pure: no disk, no clock, no framework."""
