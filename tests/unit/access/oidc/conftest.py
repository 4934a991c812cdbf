"""A provider for each module, a clinic for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import openid
from tests.unit.access.oidc.desk import ADA, Desk, opened


@pytest.fixture(scope="module")
def shared() -> Iterator[openid.Provider]:
    with openid.running() as provider:
        yield provider


@pytest.fixture
def provider(shared: openid.Provider) -> openid.Provider:
    """The provider as it is when nobody has meddled with it."""
    shared.people = {"ada": dict(ADA)}
    shared.forge, shared.names_itself, shared.more, shared.algorithm = None, True, {}, "RS256"
    shared.codes.clear()
    shared.asked.clear()
    return shared


@pytest.fixture
def desk(provider: openid.Provider, tmp_path: Path) -> Iterator[Desk]:
    made = opened(None, tmp_path, provider)
    yield made
    made.clinic.close()
    made.runner.close()


@pytest.fixture(scope="module")
def steady(shared: openid.Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One clinic for many tests that let nobody in; Ada is expected there."""
    made = opened(None, tmp_path_factory.mktemp("steady"), shared)
    made.expect()
    yield made
    made.clinic.close()
    made.runner.close()
