"""What of a resource can be found: its values under each search parameter, ready for the index tables."""

from charthouse.store.index.extract import Extractor
from charthouse.store.index.sources import Source
from charthouse.store.index.text import LONGEST, fold, short
from charthouse.store.index.values import Rows

__all__ = ["LONGEST", "Extractor", "Rows", "Source", "fold", "short"]
