"""The web server: the page, and join links exchanged for tokens."""
