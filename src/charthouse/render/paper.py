"""Documents on paper: a Typst template filled with data, as tagged PDF that screen readers can follow (PDF/UA-1).

Data reach the template as JSON and never as markup, so that no text can become a command.
"""

from __future__ import annotations

import json
from importlib.resources.abc import Traversable
from typing import Any


def pdf(template: Traversable, data: Any) -> bytes:
    """The template, which reads `json(bytes(sys.inputs.data))`, as PDF."""
    import typst

    made = typst.compile(
        template.read_bytes(),
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(data)},
        ignore_system_fonts=True,
    )
    if not isinstance(made, bytes):  # the compiler gives pages apart only for pictures
        raise TypeError("a document is one file")
    return made
