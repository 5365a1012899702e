"""Text in, text out: everything that reads or changes a page. Pure: no disk, no clock."""
