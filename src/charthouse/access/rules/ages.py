"""Ages as birth dates, so that an index can answer them."""

from __future__ import annotations

from datetime import date, timedelta


def born_between(today: date, youngest: int, oldest: int) -> tuple[tuple[str, str], ...]:
    """Search parameters of Patient for who is from `youngest` to `oldest` full years old on `today`."""
    latest = _years_before(today, youngest)
    first = _years_before(today, oldest + 1) + timedelta(days=1)
    return ("birthdate", f"ge{first.isoformat()}"), ("birthdate", f"le{latest.isoformat()}")


def _years_before(day: date, years: int) -> date:
    """The same day `years` earlier; who was born on 29 February is a year older on 1 March."""
    year = max(day.year - years, 1)
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 2, 28)
