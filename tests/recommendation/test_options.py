import pytest

from affetto.errors import OptionError
from affetto.recommendation.options import one_of, whole_number


def test_one_of_names_value_choices_and_nearest():
    with pytest.raises(
        OptionError, match=r"^unknown strategy 'genres': choose from journey, genre; did you mean genre\?$"
    ):
        one_of("strategy", "genres", ["journey", "genre"])


@pytest.mark.parametrize("value", [0, -1, 501, True, 2.0, "3", None])
def test_what_is_no_whole_number_within_bounds(value):
    with pytest.raises(OptionError, match="give a whole number from 1 to 500"):
        whole_number("length", value, 1, 500)
