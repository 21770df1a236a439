"""The page and the server: a question typed in a browser becomes a cited reply shown beside its document."""
