"""Times that people name in words: what they mean, and how to write them so that they stay true."""
