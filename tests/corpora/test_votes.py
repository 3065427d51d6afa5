"""What listeners heard in CREMA-D."""

from pathlib import Path

import pytest

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora.votes import read_votes, vote_key
from affetto.errors import CorpusError

SUMMARY = """"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"
"1","1001_IEO_NEU_XX","N","69.1","N","92.22","N","64.78"
"9","1001_IEO_ANG_MD","A:D","37:58","A","60","A","61"
"""
TABULATED = """"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"
"100001",0,0,0,1,10,0,"1001_IEO_NEU_XX",11,0.9,"N"
"100009",5,5,0,0,1,1,"1001_IEO_ANG_MD",12,0.4,"A:D"
"200001",0,0,0,0,9,0,"1001_IEO_NEU_XX",9,1,"N"
"300001",0,0,0,4,4,0,"1001_IEO_NEU_XX",8,0.5,"H:N"
"""


def shares(vector: tuple[float, ...]) -> dict[Emotion, float]:
    return {emotion: share for emotion, share in zip(EMOTIONS, vector, strict=True) if share}


def write(folder: Path, text: str) -> Path:
    path = folder / "votes.csv"
    path.write_text(text)
    return path


def test_the_summary_names_the_winners(tmp_path: Path) -> None:
    votes = read_votes(write(tmp_path, SUMMARY))
    assert shares(votes["1001_IEO_NEU_XX"]) == {Emotion.NEUTRAL: 1.0}
    assert shares(votes["1001_IEO_ANG_MD"]) == {Emotion.ANGRY: 0.5, Emotion.DISGUST: 0.5}
    assert shares(read_votes(tmp_path / "votes.csv", modality="face")["1001_IEO_ANG_MD"]) == {Emotion.ANGRY: 1.0}


def test_the_tabulated_votes_count_every_answer_to_the_sound_alone(tmp_path: Path) -> None:
    path = write(tmp_path, TABULATED)
    votes = read_votes(path)
    assert votes.keys() == {"1001_IEO_NEU_XX", "1001_IEO_ANG_MD"}
    assert shares(votes["1001_IEO_NEU_XX"]) == {Emotion.NEUTRAL: 10 / 11, Emotion.HAPPY: 1 / 11}
    assert sum(votes["1001_IEO_ANG_MD"]) == pytest.approx(1)
    assert shares(read_votes(path, modality="face")["1001_IEO_NEU_XX"]) == {Emotion.NEUTRAL: 1.0}
    assert shares(read_votes(path, modality="both")["1001_IEO_NEU_XX"]) == {Emotion.NEUTRAL: 0.5, Emotion.HAPPY: 0.5}


def test_the_recording_that_lacks_an_x_finds_its_votes() -> None:
    assert vote_key("1040_ITH_SAD_X") == "1040_ITH_SAD_XX"
    assert vote_key("1040_ITH_SAD_XX") == "1040_ITH_SAD_XX"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "not a vote table"),
        ("", "not a vote table"),
        (SUMMARY.replace('"A:D"', '"A:Q"'), "line 3, '1001_IEO_ANG_MD': 'Q'"),
        (SUMMARY.replace('"N","69.1"', '"","69.1"'), "line 2"),
        (SUMMARY + SUMMARY.splitlines()[1] + "\n", "named twice"),
        (SUMMARY.replace("1001_IEO_NEU_XX", ""), "no name"),
        (TABULATED.replace("0,0,0,1,10,0", "0,0,0,1,x,0"), "line 2"),
        (TABULATED.replace("0,0,0,1,10,0", "0,0,0,-1,10,0"), "out of range"),
        (TABULATED.replace("0,0,0,1,10,0", "0,0,0,0,0,0"), "no vote"),
        (TABULATED.replace('"10000', '"20000').replace("ANG_MD", "ANG_HI"), "no votes on voice"),
    ],
)
def test_a_damaged_table(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_votes(write(tmp_path, text))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_or_unreadable_table(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"votes .*none\.csv: .*give tabulatedVotes"):
        read_votes(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"FileName,VoiceVote\n\xff\xfe,N\n")
    with pytest.raises(CorpusError, match="give tabulatedVotes"):
        read_votes(tmp_path / "latin.csv")


@pytest.mark.shared
def test_the_published_votes(shared: Path) -> None:
    votes = read_votes(shared / "speech" / "crema-d-votes.csv")
    assert len(votes) == 7_442
    assert all(sum(vector) == pytest.approx(1) for vector in votes.values())
    neutral = sum(vector[0] == 1 for vector in votes.values())
    assert neutral == 3_897  # more than half are heard as neutral
