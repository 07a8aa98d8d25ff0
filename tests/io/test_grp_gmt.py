"""GRP and GMT."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.io import FileFormatError, read_gmt, read_grp, write_gmt, write_grp


@pytest.fixture
def file(tmp_path):
    def write(text, name="it"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        return path

    return write


@pytest.mark.parametrize("name", ["it.grp", "it.grp.gz"])
def test_a_list_typed_by_hand(file, name):
    path = file("\ufeff# landmarks\nTP53\n\n  MYC \r\n#CD4\n7157\nNA\n", name)
    assert read_grp(path) == ["TP53", "MYC", "7157", "NA"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"line 0: expected at least one name, found none"),
        ("# nothing\n\n", r"line 2: expected at least one name"),
        ("TP53\nMYC\nTP53\n", r"line 3: expected the name 'TP53' once, found it on line 1 too"),
        ("TP53\tMYC\n", r"line 1: expected one name, found 'TP53\\tMYC'"),
    ],
)
def test_broken_lists(file, text, match):
    with pytest.raises(FileFormatError, match=match):
        read_grp(file(text))


@pytest.mark.parametrize("name", ["it.gmt", "it.gmt.gz"])
def test_sets_typed_by_hand(file, name):
    path = file("A\thttp://a\tTP53\tMYC\nB\t\tCD4\t\t\n\nC D\tna\tTP53\tCD8\tTP53\r\n", name)
    sets = {"A": ["TP53", "MYC"], "B": ["CD4"], "C D": ["TP53", "CD8"]}
    assert read_gmt(path) == sets
    assert list(read_gmt(path)) == ["A", "B", "C D"]
    assert read_gmt(path, return_descriptions=True) == (
        sets,
        {"A": "http://a", "B": "", "C D": "na"},
    )


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"line 0: expected at least one set, found none"),
        ("A\tna\tTP53\nB\n", r"line 2: expected a name, a description and at least.*found 'B'"),
        ("A\tna\n", r"line 1: expected a name.*found 'A\\tna'"),
        ("A\tna\t\t \n", r"line 1: expected a name, a description and at least one gene"),
        ("\tna\tTP53\n", r"line 1: expected a name"),
        ("A\tx\tTP53\nB\tx\tMYC\nA\ty\tCD4\n", r"line 3: expected the set 'A' once, .*line 1 too"),
    ],
)
def test_broken_sets(file, text, match):
    with pytest.raises(FileFormatError, match=match) as caught:
        read_gmt(file(text))
    assert str(file(text)) in str(caught.value)


NAME = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1).filter(
    lambda text: text == text.strip() and text[0] not in "#\ufeff"
)
NAMES = st.lists(NAME, min_size=1, max_size=6, unique=True)


@given(names=NAMES, comment=st.none() | st.just("two\nlines"))
@settings(max_examples=50)
def test_lists_come_back(names, comment, tmp_path_factory):
    path = tmp_path_factory.mktemp("grp") / "it.grp.gz"
    write_grp(names, path, comment=comment)
    assert read_grp(path) == names


@given(sets=st.dictionaries(NAME, NAMES, min_size=1, max_size=4), described=st.booleans())
@settings(max_examples=50)
def test_sets_come_back(sets, described, tmp_path_factory):
    path = tmp_path_factory.mktemp("gmt") / "it.gmt"
    descriptions = {next(iter(sets)): "what it is"} if described else None
    write_gmt(sets, path, descriptions=descriptions)
    found, texts = read_gmt(path, return_descriptions=True)
    assert found == sets
    assert list(found) == list(sets)
    assert texts == dict.fromkeys(sets, "na") | (descriptions or {})


@pytest.mark.parametrize(
    ("names", "error", "match"),
    [
        ([], ValueError, r"is empty: there is nothing to write"),
        (["A", "A"], ValueError, r"has 'A' more than once"),
        (["A", ""], ValueError, r"has ''; names must not be empty"),
        (["#A"], ValueError, r"has '#A'; names must not"),
        ([" A"], ValueError, r"has ' A'; names must not"),
        (["A\tB"], ValueError, r"has 'A\\tB', which holds a tab"),
        (["A\nB"], ValueError, r"has 'A\\nB', which holds a tab or the end of a line"),
        ([7157], TypeError, r"must hold names as str, got 7157"),
    ],
)
def test_names_that_cannot_be_written(names, error, match, tmp_path):
    path = tmp_path / "it"
    path.write_text("old")
    with pytest.raises(error, match=f"names {match}"):
        write_grp(names, path)
    with pytest.raises(error, match=rf"sets\['S'\] {match}"):
        write_gmt({"S": names}, path)
    if len(set(names)) == len(names):
        with pytest.raises(error, match=f"sets {match}"):
            write_gmt({name: ["TP53"] for name in names}, path)
    assert path.read_text() == "old"


def test_descriptions_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="descriptions has 'B', which is no set"):
        write_gmt({"A": ["TP53"]}, tmp_path / "it", descriptions={"B": "x"})
    with pytest.raises(ValueError, match=r"descriptions has 'x\\ty', which holds a tab"):
        write_gmt({"A": ["TP53"]}, tmp_path / "it", descriptions={"A": "x\ty"})
