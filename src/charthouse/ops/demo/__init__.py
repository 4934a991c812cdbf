"""The demo clinic: coherent, made-up charts, the same every time for a seed, always ending today.

`data` holds the tables (people, codes, schedules), `threads` the strands of a life (diabetes, pregnancy,
childhood …), `life` and `visits` the plan they weave, `scribe` and its neighbours the resources.
"""

from charthouse.ops.demo.stream import PATIENTS, bundles, revisions

__all__ = ["PATIENTS", "bundles", "revisions"]
