"""Whether one run is better than another, and the tables and pages that say so."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from affetto.affect import EMOTIONS
from affetto.errors import CorpusError, OptionError
from affetto.evaluation.compare import compare, compare_all, holm, mcnemar
from affetto.evaluation.insight import Insight, read_insight
from affetto.evaluation.judge import judge
from affetto.evaluation.page import comparison_page, report_page
from affetto.evaluation.predictions import Prediction
from affetto.evaluation.run import About, Run, read_run, write_run
from affetto.evaluation.tables import latex, markdown, pairs_table, report_tables, runs_table
from tests.evaluation.fakes import FakeModel, fake_recipe, write_ravdess, write_tess


def run_of(share: float, *, clips: int = 480, speakers: int = 12, seed: int = 0) -> list[Prediction]:
    """Predictions of which about a share is right."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(clips):
        guess = i % 8 if rng.random() < share else int(rng.integers(8))
        found.append(
            Prediction(
                stem=f"clip{i}", corpus="ravdess", speaker=f"A{i // 8 % speakers:02}", fold=str(i // 8 % 3), seed=0,
                label=str(EMOTIONS[i % 8]), probabilities=np.full(8, 0.05) + 0.6 * np.eye(8)[guess],
                gender="fm"[i // 8 % 2], seconds=1 + i % 5,
            )
        )  # fmt: skip
    return found


def test_a_clear_difference_is_found_and_chance_is_not() -> None:
    clear = compare(run_of(0.8, seed=1), run_of(0.4, seed=2))
    assert clear.difference > 0.2
    assert clear.interval[0] > 0
    assert max(clear.p_bootstrap, clear.p_mcnemar) < 0.01
    back = compare(run_of(0.4, seed=2), run_of(0.8, seed=1))
    assert back.difference == pytest.approx(-clear.difference)
    assert (back.only_first, back.only_second) == (clear.only_second, clear.only_first)
    by_chance = [compare(run_of(0.6, seed=k), run_of(0.6, seed=k + 100), repeats=400) for k in range(20)]
    assert sum(one.interval[0] <= 0 <= one.interval[1] for one in by_chance) >= 16
    assert sum(one.p_mcnemar < 0.05 for one in by_chance) <= 3


def test_a_run_does_not_differ_from_itself() -> None:
    same = compare(run_of(0.5), run_of(0.5))
    assert (same.difference, same.interval, same.p_mcnemar, same.p_bootstrap) == (0, (0, 0), 1, 1)


def test_the_paired_interval_is_that_of_whole_speakers_drawn() -> None:
    first, second = run_of(0.7, seed=1), run_of(0.5, seed=2)
    found = compare(first, second, repeats=1500)
    rng = np.random.default_rng(5)
    rows = [[i for i, p in enumerate(first) if p.speaker == who] for who in sorted({p.speaker for p in first})]
    labels = np.array([p.label for p in first])
    right = np.array([[p.guess == p.label for p in run] for run in (first, second)])
    gaps = []
    for _ in range(600):
        drawn = np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])
        recalls = [[right[side][drawn][labels[drawn] == e].mean() for e in EMOTIONS] for side in (0, 1)]
        gaps.append(np.mean(recalls[0]) - np.mean(recalls[1]))
    assert found.interval == pytest.approx(np.percentile(gaps, [2.5, 97.5]), abs=0.015)


def test_only_clips_of_both_are_compared_and_labels_must_agree() -> None:
    first = run_of(0.5)
    assert compare(first, run_of(0.5, clips=100)).clips == 100
    with pytest.raises(CorpusError, match="a and b have no clip in common"):
        compare(first, [replace(p, corpus="tess") for p in first], names=("a", "b"))
    with pytest.raises(CorpusError, match="clip0 is neutral in first and sad in second"):
        compare(first, [replace(p, label="sad") for p in first])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_sign_test(a: int, b: int) -> None:
    expected = min(1.0, 2 * stats.binom.cdf(min(a, b), a + b, 0.5)) if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(expected, abs=1e-9)


def test_p_values_of_many_pairs_are_corrected() -> None:
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)
    assert holm([0.5, 0.5]) == (1.0, 1.0)
    runs = [(name, run_of(share, seed=k)) for k, (name, share) in enumerate((("a", 0.9), ("b", 0.6), ("c", 0.59)))]
    pairs = compare_all(runs)
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert all(pair.p_holm >= pair.p_mcnemar for pair in pairs)
    assert compare_all([("a", run_of(0.5)), ("t", [replace(p, corpus="tess") for p in run_of(0.5)])]) == ()


def test_a_run_is_kept_and_read_again(tmp_path: Path) -> None:
    about = About(
        name="mine", family="svm", protocol="random", options={"k": 3}, notes=("a: b",), corpora=("x",), key="1"
    )
    run = Run(about, tuple(run_of(0.5, clips=16)), tuple(run_of(0.4, clips=8)))
    write_run(run, tmp_path / "r")
    again = read_run(tmp_path / "r")
    assert again.about == about
    assert (len(again.predictions), len(again.independent)) == (16, 8)
    assert again.warning.startswith("speakers are both learnt from")
    assert read_run(tmp_path / "r" / "predictions.csv").about == about
    (tmp_path / "r" / "predictions.csv").rename(tmp_path / "other.csv")
    assert read_run(tmp_path / "other.csv").about == About(name="other")


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x", "protocol": "nine"}', '{"family": "svm"}', '{"notes": 3}'])
def test_a_damaged_report_is_named(tmp_path: Path, text: str) -> None:
    write_run(Run(About(name="x"), tuple(run_of(0.5, clips=8))), tmp_path)
    (tmp_path / "about.json").write_text(text)
    with pytest.raises((CorpusError, OptionError), match=r"about\.json|unknown protocol 'nine'"):
        read_run(tmp_path)


def test_tables_carry_every_figure_and_escape_what_they_must() -> None:
    run = Run(About(name="a_b & 50 %|", protocol="loso"), tuple(run_of(0.5)))
    result = run.figures()
    tables = report_tables(run, result)
    text = markdown(tables, notes=["a note"])
    assert f"| seed 0 | {result.uar:.3f} | {result.accuracy:.3f} |" in text
    assert "| women | 240 |" in text
    assert "| 2.5 to 3.5 s |" in text
    assert text.endswith("a note\n")
    for table in tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    tex = latex(tables)
    assert r"a\_b \& 50 \%|, loso: by label" in tex
    assert tex.count(r"\begin{table}") == tex.count(r"\end{table}") == len(tables)
    assert not re.search(r"(?<!\\)%(?! needs)", tex)
    pairs = compare_all([("one", run_of(0.9, seed=1)), ("two", run_of(0.3, seed=2))])
    assert "<.001" in markdown([pairs_table(pairs)])
    assert r"one $-$ two" in latex([pairs_table(pairs), runs_table([("one", result)])])


class _Page(HTMLParser):
    """Tags that are open, identifiers, and what is asked of other places."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.elsewhere: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href") and not (value or "").startswith("#"):
                self.elsewhere.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> _Page:
    """The page, which is well-formed, stands alone and can be read on a phone, light or dark."""
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.elsewhere == []
    assert "url(http" not in text
    assert "@import" not in text
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search("#01020[3-7]", text)  # every colour of a drawing is one of the page
    return page


def test_the_page_of_a_report_stands_alone(
    fake: type[FakeModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "needs_validation", True)
    judged = judge(fake_recipe(write_tess(tmp_path), "tess"), "random", cache=tmp_path, runs=tmp_path, seeds=(0, 1))
    insight = read_insight(judged.logs, judged.run.predictions)
    assert len(insight.curves) == 10
    assert insight.curves[0].name == "seed0-fold1"
    assert insight.curves[0].loss == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert insight.importance == {"pitch": pytest.approx(0.7), "loudness": pytest.approx(0.25)}
    assert [one.title for one in insight.maps] == ["PCA", "LDA", "t-SNE"]
    assert "embedding, fold 1" in insight.placed_by
    text = report_page(judged.run, insight)
    checked(text)
    assert text.count("<svg") == 1 + 3 + 1 + 3
    for word in ("A leak", "on unseen speakers: UAR", "Learning curves of 10", "pitch", "set aside by sentence"):
        assert word in text


def test_the_page_of_bare_predictions_has_what_they_tell() -> None:
    run = Run(About(name="<script>alert(1)</script>"), tuple(run_of(0.5)))
    text = report_page(run, read_insight((), run.predictions))
    checked(text)
    assert "<script>" not in text
    assert "logarithm of the probabilities" in text
    assert text.count("<svg") == 3 + 3
    assert "the hardest first" in text
    leaky = Run(run.about, tuple(replace(p, fold=str(i % 2)) for i, p in enumerate(run_of(0.5, clips=90))))
    assert "are tested in several folds" in report_page(leaky, Insight())


def test_the_page_of_a_comparison_stands_alone() -> None:
    runs = [("one", Run(About(name="one"), tuple(run_of(0.9)))), ("two", Run(About(name="two"), tuple(run_of(0.4))))]
    text = comparison_page(runs, compare_all([(name, run.predictions) for name, run in runs]))
    checked(text)
    assert "one − two" in text
    leaky = [(name, Run(replace(run.about, protocol="random"), run.predictions)) for name, run in runs]
    assert "one: a leak" in comparison_page(leaky, [])


def test_maps_of_very_few_clips(tmp_path: Path) -> None:
    assert read_insight((), run_of(1.0, clips=2)).maps == ()
    (tmp_path / "seed0-fold1-x").mkdir()
    (tmp_path / "seed0-fold1-x" / "metrics.csv").write_text("step,other\n1,2\n")
    assert read_insight((tmp_path / "seed0-fold1-x",), run_of(0.5, clips=9)).curves == ()
    (tmp_path / "seed0-fold1-x" / "metrics.csv").write_text("loss\n1\nx\n")
    (curve,) = read_insight((tmp_path / "seed0-fold1-x",), run_of(0.5, clips=9)).curves
    assert curve.x == (0, 1)
    assert curve.loss[0] == 1
    assert np.isnan(curve.loss[1])


def test_ravdess_of_the_fake_is_complete(fake: type[FakeModel], tmp_path: Path) -> None:
    judged = judge(fake_recipe(write_ravdess(tmp_path), "ravdess"), "emobox-ravdess", cache=tmp_path, runs=tmp_path)
    assert len(fake.fits) == 6
    assert judged.run.about.corpora == ("ravdess",)
    assert judged.run.independent == ()
