"""Names of methods: of the table, and made from the id of any other."""

from hypothesis import given
from hypothesis import strategies as st

from mope.methods.names import NAMES, short_title, title

IDS = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,6}){0,3}", fullmatch=True)


def test_names_of_the_table() -> None:
    assert (title("soup_exact"), short_title("soup_exact")) == ("Soup (exact average)", "Soup (exact)")
    assert len({title(name) for name in NAMES}) == len({short_title(name) for name in NAMES}) == len(NAMES)


def test_other_ids_are_read_as_words_after_the_longest_name_that_they_begin_with() -> None:
    assert title("mope_raw") == short_title("mope_raw") == "MoPE raw"
    assert title("soup_factor_half_way") == "Soup (factor) half way"
    assert title("best_of_30") == "Best of 30"  # no best_of_3
    assert title("mopes") == "Mopes"


@given(st.lists(IDS | st.sampled_from(sorted(NAMES)), unique=True, max_size=30))
def test_no_two_ids_have_one_name(ids: list[str]) -> None:
    """A matrix of methods by their names would lose a column."""
    assert len({title(name) for name in ids}) == len({short_title(name) for name in ids}) == len(ids)
