import pytest
import torch

from affetto.errors import SettingsError
from affetto.learning import device as module
from affetto.learning.device import device
from affetto.settings import settings


@pytest.fixture(autouse=True)
def _forgotten():
    module._find.cache_clear()
    yield
    module._find.cache_clear()


def choose(monkeypatch: pytest.MonkeyPatch, name: str, *, there: int) -> torch.device:
    monkeypatch.setenv("AFFETTO_DEVICE", name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a graphics processor")
    settings.cache_clear()
    return device()


@pytest.mark.parametrize(
    ("name", "there", "expected"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cpu", 1, "cpu"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_auto_takes_a_graphics_processor_and_a_name_what_it_says(monkeypatch, name, there, expected):
    assert choose(monkeypatch, name, there=there) == torch.device(expected)


@pytest.mark.parametrize(("name", "there"), [("cuda", 0), ("cuda:1", 1)])
def test_a_device_that_is_not_there_is_refused_with_what_is(monkeypatch, name, there):
    with pytest.raises(SettingsError, match=rf"device = '{name}': torch .* sees {there} CUDA device.*give cpu, auto"):
        choose(monkeypatch, name, there=there)


def test_an_unknown_device_names_the_variable(monkeypatch):
    with pytest.raises(SettingsError, match=r"device = 'gpu'.*AFFETTO_DEVICE"):
        choose(monkeypatch, "gpu", there=1)
