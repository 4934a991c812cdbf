"""The files of the real releases, as a build keeps them."""

from pathlib import Path

import pytest

from building import wheels

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def released() -> Path:
    """The folder with ICD-10-CM and ICD-10-PCS; tests that want it are skipped where no build has fetched it."""
    if not wheels.is_cached(ROOT):
        pytest.skip("the files of ICD-10 are not here: a build fetches them (pip install -e .)")
    return wheels.files(ROOT)
