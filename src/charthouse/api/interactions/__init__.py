"""One file per interaction that the standard names (R4 http.html)."""
