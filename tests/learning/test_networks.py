import numpy as np
import pytest
import torch

from affetto.features.spectral import log_mel
from affetto.learning.networks import AttentivePooling, EmotionNetwork, MelPower, Recognition
from affetto.learning.recipe import NetworkRecipe, StatisticsRecipe

RATE = 16_000
SMALL = NetworkRecipe(channels=(4, 8, 8, 8, 8), attention_heads=2)


@pytest.fixture
def waveform() -> torch.Tensor:
    return torch.from_numpy(0.1 * np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32))


def test_the_front_end_is_the_documented_log_mel(waveform: torch.Tensor) -> None:
    power = MelPower()(waveform)[0].numpy()
    assert np.allclose(np.log(power + 1e-10), log_mel(waveform[0].numpy(), rate=RATE), atol=1e-3)


def test_outputs_are_probabilities(waveform: torch.Tensor) -> None:
    recognition = Recognition(EmotionNetwork(SMALL).eval(), 1.3).eval()
    emotion, speech, embedding = recognition(waveform, torch.zeros(2, 16))
    assert emotion.shape == (2, 8)
    assert embedding.shape == (2, recognition.network.embedding_size) == (2, 16)
    assert torch.allclose(emotion.sum(dim=1), torch.ones(2), atol=1e-5)
    assert ((speech >= 0) & (speech <= 1)).all()


@pytest.mark.parametrize("gain", [0.05, 20.0])
def test_the_level_of_the_recording_does_not_matter(waveform: torch.Tensor, gain: float) -> None:
    network = Recognition(EmotionNetwork(SMALL).eval(), 1.0).eval()
    with torch.inference_mode():
        nobody = torch.zeros(2, 16)
        assert torch.allclose(network(waveform, nobody)[0], network(gain * waveform, nobody)[0], atol=1e-4)


def test_the_lower_the_floor_the_fainter_what_matters() -> None:
    torch.manual_seed(0)
    network = EmotionNetwork(SMALL).eval()
    power = torch.full((2, 64, 40), 1e-5)
    power[:, 20:30] = 1.0
    power[1, 40:] = 1e-4

    def apart(floor_db: float) -> float:
        other = EmotionNetwork(SMALL.model_copy(update={"floor_db": floor_db})).eval()
        other.load_state_dict(network.state_dict())
        with torch.inference_mode():
            faint, none = other.embed(power)
        return float((faint - none).abs().max())

    assert apart(20.0) < 0.1 * apart(50.0)


def test_what_statistics_say_counts_as_much_as_all_convolutions_together(waveform: torch.Tensor) -> None:
    recipe = NetworkRecipe(members=2, channels=SMALL.channels, attention_heads=2)
    network = EmotionNetwork(recipe, statistics=StatisticsRecipe(hidden=6)).eval()
    assert network.statistics
    with torch.inference_mode():
        power = network.mel_power(waveform)
        emotion, speech = network(power)
        each, heard = network.answer_each(network.embed(power))
        assert torch.allclose(emotion, (each[0] + each[1]) / 4 + network.statistics(power) / 2, atol=1e-5)
        assert torch.allclose(speech, heard.mean(dim=0), atol=1e-6)


def test_a_profile_of_zeros_is_nobody_and_any_other_tells_something(waveform: torch.Tensor) -> None:
    network = EmotionNetwork(SMALL).eval()
    power = network.mel_power(waveform)
    with torch.inference_mode():
        profile = torch.stack([torch.zeros(16), network.embed(power)[0]])
        plain, known = network(power)[0], network(power, profile)[0]
    assert torch.equal(plain[0], known[0])
    assert not torch.allclose(plain[1], known[1])


@pytest.mark.parametrize("recipe", [SMALL, NetworkRecipe(channels=(4, 8, 8, 8, 8), attention_heads=2, squeeze=True)])
@pytest.mark.parametrize("strides", [(1, 2, 1, 2, 1), (2, 2, 2, 2, 1)])
def test_strides_and_squeezing_shape_the_network(
    recipe: NetworkRecipe, strides: tuple[int, int, int, int, int], waveform: torch.Tensor
) -> None:
    network = EmotionNetwork(recipe.model_copy(update={"strides": strides}), labels=9).eval()
    logits, speech = network(network.mel_power(waveform))
    assert logits.shape == (2, 9)
    assert speech.shape == (2,)


def test_members_learn_apart_and_answer_together(waveform: torch.Tensor) -> None:
    recipe = SMALL.model_copy(update={"members": 3})
    network = EmotionNetwork(recipe, labels=9).eval()
    with torch.inference_mode():
        embedding = network.embed(network.mel_power(waveform))
        assert embedding.shape == (2, network.embedding_size) == (2, 48)
        profile = embedding.flip(0)
        each, gates = network.answer_each(embedding, profile)
        emotion, speech = network.answer(embedding, profile)
    assert each.shape == (3, 2, 9)
    assert torch.allclose(emotion, each.mean(dim=0), atol=1e-6)
    assert torch.allclose(speech, gates.mean(dim=0), atol=1e-6)
    assert not torch.allclose(each[0], each[1]), "their first weights differ"


def test_pooling_a_constant_gives_it_back_without_spread() -> None:
    pooled = AttentivePooling(8, 2)(torch.full((3, 8, 20), 0.7)).reshape(3, 2, 2, 4)
    assert torch.allclose(pooled[:, :, 0], torch.tensor(0.7), atol=1e-5)
    assert (pooled[:, :, 1] < 0.01).all()
