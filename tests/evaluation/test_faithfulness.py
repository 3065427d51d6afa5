"""Whether explanations name the moment that counts, judged by cutting it out."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.cli import main
from affetto.errors import CorpusError
from affetto.evaluation.faithfulness import Cut, cut_clips, faithfulness, read_cuts, write_cuts
from affetto.evaluation.robustness.judges import one_judge, recordings_of
from affetto.voice.audio import RATE, Samples
from tests.conftest import SENTENCES

CUT = Cut(
    stem="a", corpus="c", speaker="1", fold="", emotion="sad", strongest=2.0, random=0.5, weakest=-0.5, changed=True,
    changed_random=0.2,
)  # fmt: skip


def test_figures_are_means_over_clips() -> None:
    cuts = [CUT, replace(CUT, speaker="2", strongest=0.0, random=0.5, changed=False), replace(CUT, speaker="3")]
    found = faithfulness(cuts)
    assert found.clips == 3
    assert found.strongest == pytest.approx(4 / 3)
    assert found.wins == pytest.approx(2 / 3)
    assert found.changed == pytest.approx(2 / 3)
    assert found.intervals["random"] == pytest.approx((0.5, 0.5))
    low, high = found.intervals["gain"]
    assert low <= 4 / 3 - 0.5 <= high


def test_cuts_are_kept_in_a_table(tmp_path: Path) -> None:
    cuts = (CUT, replace(CUT, stem="b", changed=False))
    write_cuts(cuts, tmp_path / "new" / "cuts.csv")
    assert read_cuts(tmp_path / "new" / "cuts.csv") == cuts
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="make it with 'affetto faithfulness --out'"):
        read_cuts(tmp_path / "other.csv")
    with pytest.raises(CorpusError, match="cannot be written"):
        write_cuts(cuts, tmp_path / "other.csv" / "cuts.csv")


@pytest.fixture(scope="module")
def folder(say: Callable[..., Samples], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("voices")
    for place, sentence in enumerate(SENTENCES):
        soundfile.write(root / f"{place}.flac", say(sentence, pitch=20 + 20 * place), RATE)
    soundfile.write(root / "short.flac", say("No."), RATE)
    soundfile.write(root / "silent.flac", np.zeros(2 * RATE), RATE)
    (root / "broken.wav").write_bytes(b"no sound")
    return root


def test_what_weighed_most_costs_most(folder: Path) -> None:
    cuts = cut_clips(one_judge(None, recordings_of(folder)))
    assert {cut.stem for cut in cuts} <= {"0", "1", "2", "3"}
    assert len(cuts) >= 3
    assert cuts == cut_clips(one_judge(None, recordings_of(folder)))
    found = faithfulness(cuts)
    assert found.strongest > found.random > found.weakest


def test_clips_of_which_nothing_can_be_cut_are_told(folder: Path) -> None:
    silent = [clip for clip in recordings_of(folder) if clip.path.stem in ("silent", "short", "broken")]
    with pytest.raises(CorpusError, match="no clip with a reading"):
        cut_clips(one_judge(None, silent))


def test_the_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["affetto", "faithfulness", *arguments])
        with pytest.raises(SystemExit) as done:
            main()
        return int(done.value.code or 0), capsys.readouterr().out

    page = tmp_path / "page.html"
    code, text = run("--clips", str(folder), "--out", str(tmp_path), "--html", str(page))
    written = page.read_text(encoding="utf-8")
    assert written.count("<figure") == len({cut.emotion for cut in read_cuts(tmp_path / "cuts.csv")})
    assert "what weighed most was heard from" in written
    assert "not out of fold" in text
    assert "the second that weighed most" in text
    again, found = run("--from", str(tmp_path), "--json")
    assert again == code == int(json.loads(found)["intervals"]["gain"][0] <= 0)
    monkeypatch.setattr("sys.argv", ["affetto", "faithfulness"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "give one of --clips" in capsys.readouterr().err
