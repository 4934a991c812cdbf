"""What runs in the other processes of an import; it loads no more than it needs, since each process begins anew."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Final

from charthouse.access.preparer import Preparer
from charthouse.interop.bulk.ready import Kitchen, Ready

if TYPE_CHECKING:
    from charthouse.fhir.definitions import Own
    from charthouse.interop.bulk.sources import Document
    from charthouse.validation.validator import Level

# Trees come and go by the hundred thousand and hold no cycles: looking for some all the time costs a fifth.
COLLECTING: Final = (100_000, 50, 100)

_kitchen: Kitchen  # of this process, set once when it starts
_preparer: Preparer


def begin(
    dictionaries: Sequence[tuple[int, bytes]],
    bases: Sequence[str],
    level: Level,
    own: Own,
    new_ids: str | None,
) -> None:
    """Get ready for documents."""
    global _kitchen, _preparer  # noqa: PLW0603 - the worker process is this kitchen
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _preparer = Preparer.alone(dictionaries, bases, level, own)
    _kitchen = Kitchen(_preparer.definitions, _preparer, new_ids)
    gc.freeze()
    gc.set_threshold(*COLLECTING)


def cook(document: Document, own: Own | None) -> list[Ready]:
    """The units of a document, without its content, which whoever sent it has. `own` are the clinic's search
    parameters where they are others than those of the beginning."""
    if own is not None:
        _preparer.take(own)
    return [replace(ready, content=b"") for ready in _kitchen.units(document)]


def _end_with_parent() -> None:
    """A worker whose import was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
