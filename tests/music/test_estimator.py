import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Affect
from affetto.errors import ModelError, OptionError
from affetto.music.analysis import FEATURES
from affetto.music.estimator import (
    MoodEvidence,
    audio_evidence,
    catalog_evidence,
    estimate,
    fuse,
    genre_evidence,
    person_evidence,
    said,
    tag_evidence,
)


def sure(kind, valence, arousal, sd=0.2):
    return MoodEvidence(kind, Affect(valence, arousal, ((sd**2, 0.0), (0.0, sd**2))))


places = st.floats(-1, 1, allow_nan=False)
beliefs = st.builds(sure, st.sampled_from(["audio", "tags", "genre", "catalog"]), places, places, st.floats(0.1, 1))


@given(st.lists(beliefs, min_size=1, max_size=6))
def test_a_fused_mood_lies_among_its_evidence_and_is_well_formed(evidence):
    mood = fuse(evidence)
    for axis in ("valence", "arousal"):
        values = [getattr(one.affect, axis) for one in evidence]
        assert min(values) - 1e-9 <= getattr(mood.affect, axis) <= max(values) + 1e-9
    assert np.linalg.eigvalsh(np.array(mood.affect.covariance)).min() > 0


def test_agreement_narrows_and_contradiction_widens():
    alone = fuse([sure("audio", 0.3, 0.3)])
    agreeing = fuse([sure("audio", 0.3, 0.3), sure("tags", 0.3, 0.3)])
    contradicting = fuse([sure("audio", 0.8, 0.8), sure("tags", -0.8, -0.8)])
    assert agreeing.affect.covariance[0][0] < alone.affect.covariance[0][0] < contradicting.affect.covariance[0][0]


def test_words_alone_are_never_surer_than_listeners_agree():
    many = [sure("tags", 0.2, 0.2, sd=0.1) for _ in range(50)]
    assert fuse(many).affect.covariance[0][0] >= 0.15**2


def test_the_persons_word_is_final():
    mood = fuse([sure("audio", -0.9, -0.9, sd=0.1), person_evidence(valence=0.5, arousal=0.25), sure("tags", -1, -1)])
    assert (mood.affect.valence, mood.affect.arousal, mood.source) == (0.5, 0.25, "person")


def test_a_word_about_one_axis_leaves_the_other_to_the_estimate():
    audio = sure("audio", -0.9, -0.6)
    mood = fuse([audio, person_evidence(valence=0.5, arousal=None)])
    assert mood.affect.valence == 0.5
    assert mood.affect.arousal == pytest.approx(-0.6)
    assert mood.affect.covariance[0][0] < 0.01 < mood.affect.covariance[1][1] == pytest.approx(0.04)
    assert mood.source == "person, audio"
    alone = fuse([person_evidence(valence=None, arousal=-0.5)])
    assert (alone.affect.valence, alone.affect.arousal, alone.source) == (0.0, -0.5, "person")
    assert said(person_evidence(valence=None, arousal=0.1)) == (None, 0.1)


@pytest.mark.parametrize("value", [1.5, -2, math.nan, math.inf])
def test_a_correction_outside_the_circumplex_is_refused(value):
    with pytest.raises(OptionError, match="valence"):
        person_evidence(valence=value, arousal=0)
    with pytest.raises(OptionError, match="arousal"):
        person_evidence(valence=0, arousal=value)


def test_a_catalog_is_weak_evidence_about_what_it_tells():
    both = catalog_evidence(valence=1.0, energy=0.0)
    assert both is not None
    assert (both.affect.valence, both.affect.arousal) == (1, -1)
    assert both.affect.covariance[0][0] >= 0.4**2
    half = catalog_evidence(valence=None, energy=0.75)
    assert half is not None
    assert half.affect.covariance[0][0] == 1 > half.affect.covariance[1][1]
    assert catalog_evidence(valence=None, energy=7) is None


def test_words_are_known_whatever_their_case():
    assert tag_evidence(" RELAXED ") == tag_evidence("relaxed") is not None
    assert tag_evidence("wistful") is not None  # a word of the circumplex that no feel has
    assert tag_evidence("xyzzy") is None
    assert genre_evidence("Ambient") == genre_evidence("ambient") is not None
    assert genre_evidence("") is None


def test_the_shipped_model_answers_any_features_within_the_circumplex():
    rng = np.random.default_rng(0)
    strange = np.stack([np.zeros(len(FEATURES)), rng.normal(0, 1e6, len(FEATURES)), np.full(len(FEATURES), np.nan)])
    moods = estimate(strange)
    assert np.isfinite(moods.valence).all()
    assert (np.abs(np.stack([moods.valence, moods.arousal])) <= 1).all()
    assert (np.linalg.eigvalsh(moods.covariance) > 0).all()
    # Where nothing is like it, the estimate is as wide as music is.
    assert (moods.covariance[:, 0, 0] > 0.03).all()
    assert [one.kind for one in audio_evidence(strange)] == ["audio"] * 3


def test_features_of_another_shape_are_refused():
    with pytest.raises(ModelError, match=rf"\(n, {len(FEATURES)}\)"):
        estimate(np.zeros((1, 5)))
