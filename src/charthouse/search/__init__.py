"""Search over the index: parse -> plan -> run -> include -> page."""

from charthouse.search.explain import Explanation
from charthouse.search.include import Narrow
from charthouse.search.page import Found, Page
from charthouse.search.run import SECONDS, Search
from charthouse.search.text import EVERYTHING, NOTHING, Fragment

__all__ = ["EVERYTHING", "NOTHING", "SECONDS", "Explanation", "Found", "Fragment", "Narrow", "Page", "Search"]
