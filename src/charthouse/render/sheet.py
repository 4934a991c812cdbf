"""Tables as files that spreadsheets open: CSV and XLSX, with text that can never be taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

Value = str | float | int | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_FIXED = datetime(2000, 1, 1, tzinfo=UTC)  # so that the same table gives the same bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: a name for its tab, the heads of its columns, its rows."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Value]]


def as_csv(sheet: Sheet) -> bytes:
    """The table as CSV in UTF-8 with a byte order mark, which spreadsheets need to read names right."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(sheet.heads)
    for row in sheet.rows:
        writer.writerow([_safe(value) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """The tables as a workbook: heads that stay in view, a filter, widths that fit."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": _FIXED.replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    whole = book.add_format({"num_format": "#,##0"})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name[:31])
        page.write_row(0, 0, sheet.heads, bold)
        for number, row in enumerate(sheet.rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(number, column, value)
                elif value is not None:
                    page.write_number(
                        number, column, value, whole if value == int(value) and value >= 10_000 else None
                    )
        for column, head in enumerate(sheet.heads):
            longest = max((len(str(row[column] or "")) for row in sheet.rows), default=0)
            page.set_column(column, column, min(60, max(8, len(head), longest) + 1))
        page.freeze_panes(1, 0)
        if sheet.rows:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.heads) - 1)
    book.close()
    return out.getvalue()


def _safe(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value
