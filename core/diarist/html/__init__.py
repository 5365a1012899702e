"""A diary as HTML: values in, text out; no disk, no clock, no framework.

`elements` makes tags and escapes everything else, `parts` what stands on a page and in a record,
`fragments` what a notebook shows of a value, `view` a whole diary as one page.
"""
