import pytest

from affetto.evaluation import cross_validate, folds, tune
from tests.evaluation.fakes import FakeModel


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeModel]:
    """A model that answers at once takes the place of every family."""
    monkeypatch.setattr(FakeModel, "fits", [])
    monkeypatch.setattr(FakeModel, "broken", frozenset())
    for module in (cross_validate, folds, tune):
        monkeypatch.setattr(module, "build_model", FakeModel)
    return FakeModel
