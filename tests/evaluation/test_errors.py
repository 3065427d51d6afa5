"""Fairness and the analysis of errors, from predictions whose faults are known."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from affetto.evaluation.errors import error_tables, find_errors
from affetto.evaluation.facts import facts_of, gender_of
from affetto.evaluation.fairness import fairness
from affetto.evaluation.insight import Insight
from affetto.evaluation.page import report_page
from affetto.evaluation.predictions import EIGHT, Prediction, write_predictions
from affetto.evaluation.report import figures
from affetto.evaluation.run import About, Run

CODES = dict(zip(EIGHT, ("01", "02", "03", "04", "05", "06", "07", "08"), strict=True))


def predict(
    label: str, guess: str, *, actor: int, take: int = 1, strong: bool = False, sure: float = 0.6
) -> Prediction:
    """One clip of RAVDESS; odd actors are men."""
    p = np.full(8, (1 - sure) / 8)
    p[EIGHT.index(guess)] += sure
    p[EIGHT.index(label)] += 1e-3  # the right one comes second
    return Prediction(
        stem=f"03-01-{CODES[label]}-{'02' if strong else '01'}-0{1 + take % 2}-0{take}-{actor:02}",
        corpus="ravdess",
        speaker=f"A{actor:02}",
        fold="1",
        seed=0,
        label=label,
        probabilities=p / p.sum(),
        seconds=1.0 + take,
    )


@pytest.fixture(scope="module")
def predictions() -> Sequence[Prediction]:
    """Women are read without a fault, men are never heard as happy, and actor 1 is always angry."""
    found: list[Prediction] = []
    for actor in range(1, 9):
        for label in ("happy", "sad", "angry", "calm"):
            for take in (1, 2):
                guess = label if actor % 2 == 0 or label != "happy" else "surprised"
                guess = "angry" if actor == 1 else guess
                found.append(
                    predict(label, guess, actor=actor, take=take, strong=take == 2, sure=0.9 if actor == 1 else 0.6)
                )
    return found


def test_what_a_name_tells() -> None:
    one = predict("sad", "sad", actor=2, strong=True)
    assert gender_of(one) == "f"
    facts = facts_of(one)
    assert facts is not None
    assert (facts.intensity, facts.sentence) == ("strong", "S02")
    assert facts_of(Prediction(**{**{k: getattr(one, k) for k in one.__slots__}, "corpus": "mine"})) is None


def test_women_and_men_are_compared(predictions: Sequence[Prediction]) -> None:
    found = fairness(predictions)
    assert found is not None
    assert found.uar.women == 1.0
    assert found.uar.men == pytest.approx((0 + 0.75 + 1 + 0.75) / 4)
    assert found.widest == "happy"
    assert found.recall["happy"].difference == 1.0
    assert found.recall["happy"].interval == (1.0, 1.0)
    low, high = found.uar.interval
    assert low <= found.uar.difference <= high
    assert low < high
    assert not found.passed
    assert not found.passed_as_published
    assert figures(predictions).to_dict()["fairness"]["widest"] == "happy"


def test_equal_predictions_are_fair_and_one_gender_is_not_compared(predictions: Sequence[Prediction]) -> None:
    women = [p for p in predictions if int(p.speaker[1:]) % 2 == 0]
    assert fairness(women) is None
    right = [predict(p.label, p.label, actor=int(p.speaker[1:]), take=int(p.stem[-4])) for p in predictions]
    found = fairness(right)
    assert found is not None
    assert found.passed
    assert found.uar.interval == (0.0, 0.0)
    assert found.uar.chance == found.widest_chance == 1.0


def test_either_is_held_against_everyone_as_published() -> None:
    """One man of six is never read as happy: a twelfth of UAR between women and men, half of that from everyone."""
    predictions = [
        predict(label, "angry" if (label, actor) == ("happy", 1) else label, actor=actor)
        for label in ("happy", "sad")
        for actor in range(1, 13)
    ]
    found = fairness(predictions)
    assert found is not None
    assert found.uar.difference == pytest.approx(1 / 12)
    assert found.uar.everyone == pytest.approx(23 / 24)
    assert found.uar.from_everyone == pytest.approx(1 / 24)
    assert not found.passed
    assert found.passed_as_published
    assert found.uar.chance == 1.0  # whichever half he is in


def test_a_gap_that_any_speakers_show_is_likely_by_chance() -> None:
    """Every speaker has one of two labels right; the halves differ as any two halves do."""
    predictions = [
        predict(label, label if (actor + (label == "sad")) // 2 % 2 else "angry", actor=actor, take=take)
        for label in ("happy", "sad")
        for actor in range(1, 9)
        for take in range(2)
    ]
    found = fairness(predictions)
    assert found is not None
    assert found.uar.chance > 0.4
    assert found.widest_chance >= found.recall[found.widest].chance


def test_errors_are_counted_where_they_are(predictions: Sequence[Prediction]) -> None:
    found = find_errors(predictions)
    wrong = [p for p in predictions if p.guess != p.label]
    assert found.share == len(wrong) / len(predictions) == 12 / 64
    assert found.second == 1.0
    assert found.sure == 0.5
    assert (found.confusions[0].label, found.confusions[0].taken_for, found.confusions[0].clips) == (
        "happy", "surprised", 6
    )  # fmt: skip
    assert sum(one.of_errors for one in found.confusions) == pytest.approx(1)
    assert found.groups["speaker"][0].name == "ravdess:A01"
    assert [group.name for group in found.groups["voice"]] == ["men", "women"]
    assert {group.name for group in found.groups["intensity"]} == {"ravdess: normal", "ravdess: strong"}
    assert {group.name for group in found.groups["length"]} == {"1.5 to 2.5 s", "2.5 to 3.5 s"}
    assert found.surest[0].confidence > 0.85
    assert found.surest[0].taken_for == "angry"
    assert found.near is not None
    text = " ".join(found.sentences)
    assert "Most often happy is taken for surprised: 50% of all errors" in text
    assert [table.caption for table in error_tables(found)] == [
        "what is taken for what, most often first",
        "by speaker, the hardest first",
        "by intensity, the hardest first",
        "by sentence, the hardest first",
        "surest errors",
    ]


def test_predictions_without_a_fault_have_no_errors(predictions: Sequence[Prediction]) -> None:
    found = find_errors([predict(p.label, p.label, actor=2) for p in predictions])
    assert (found.share, found.second, found.near, found.confusions, found.surest) == (0, 0, None, (), ())


def test_the_page_tells_both(predictions: Sequence[Prediction]) -> None:
    page = report_page(Run(About(name="x"), tuple(predictions)), Insight())
    assert "gap between women and men" in page
    assert "Most often happy is taken for surprised" in page
    assert re.search(r"by intensity, the hardest first", page)


def test_the_command_prints_both(
    predictions: Sequence[Prediction],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from affetto.cli import main

    write_predictions(predictions, tmp_path / "p.csv")
    monkeypatch.setattr("sys.argv", ["affetto", "evaluate", "--from", str(tmp_path / "p.csv"), "--errors"])
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    text = capsys.readouterr().out
    assert "recall of happy" in text
    assert "the widest recall" in text
    assert "where it errs" in text
    assert "ravdess:A01" in text
