"""Search over the index: parse -> plan -> run -> include -> page."""

from charthouse.search.include import Narrow
from charthouse.search.page import Found, Page
from charthouse.search.run import SECONDS, Search
from charthouse.search.text import EVERYTHING, NOTHING, Fragment

__all__ = ["EVERYTHING", "NOTHING", "SECONDS", "Found", "Fragment", "Narrow", "Page", "Search"]
