"""What reads the house sees what is wrong with one."""

from pathlib import Path

import pytest
from house import Crate, code_of

HEAD = "//! A crate.\n//!\n//! Rooms, each using only those below it: `top`, `middle`,\n//! `bottom`.\n\n"
GOOD = {
    "lib.rs": HEAD + "mod bottom;\nmod middle;\nmod top;\npub use middle::Thing;\n",
    "top.rs": "use crate::middle::{self, inner::Deep as D, Thing};\nfn f() { middle::g(); }\n",
    "middle/mod.rs": "//! Uses `crate::top` in words only.\nmod inner;\nmod thing;\npub use self::thing::Thing;\npub fn g() {}\n",
    "middle/inner.rs": "use super::Thing;\npub struct Deep(Thing);\n#[cfg(test)]\nmod tests { use crate::top::f; }\n",
    "middle/thing.rs": 'pub struct Thing(crate::bottom::Stone);\nconst TEXT: &str = "use crate::top;";\n',
    "bottom.rs": "pub struct Stone;\nmod own { use super::Stone; }\n",
}


def crate(folder: Path, **changes):
    for name, text in {**GOOD, **{key.replace("__", "/") + ".rs": text for key, text in changes.items()}}.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Crate(folder)


def arrows(crate):
    name = lambda module: "/".join(module)
    return {(name(file), name(target)) for file, targets in crate.arrows.items() for target in targets}


def test_names_are_followed_to_where_they_are_defined(tmp_path):
    good = crate(tmp_path)
    assert list(good.faults()) == []
    expected = {("top", "middle"), ("top", "middle/inner"), ("top", "middle/thing"), ("middle/inner", "middle/thing")}
    assert arrows(good) == expected | {("middle/thing", "bottom")}
    assert good.floors() == 3 and good.rooms() == ["bottom", "middle", "top"]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"bottom": "use crate::middle::Thing;\npub struct Stone;"}, ["`middle` stands above `bottom`", "a circle of 2 files"]),
        ({"bottom": "pub struct Stone;\nfn f() { crate::top::f() }"}, ["src/bottom.rs uses src/top.rs", "a circle of"]),
        ({"middle__thing": "use super::inner::Deep;\npub struct Thing;"}, ["a circle of 2 files"]),
        ({"middle__mod": "mod inner;\nmod thing;\nuse inner::Deep;\npub use thing::Thing;\npub struct Own;\npub fn g() {}",
          "middle__inner": "use super::Own;\npub struct Deep;"}, ["a circle of 2 files"]),
        ({"lib": HEAD.replace("`top`, ", "") + "mod bottom; mod middle; mod top;"}, ["the order of rooms names"]),
        ({"lib": "mod bottom; mod middle; mod top;"}, ["the order of rooms names []"]),
    ],
)  # fmt: skip
def test_what_runs_the_wrong_way_is_found(tmp_path, changes, words):
    faults = "\n".join(crate(tmp_path, **changes).faults())
    for word in words:
        assert word in faults, faults


def test_text_and_tests_are_no_code():
    text = "fn a<'a>() -> char { 'x' }\n/* crate::b */ let s = r#\"crate::\"c\"#;\n#[cfg(test)]\nmod tests {\n crate::d }\nfn e() {}"
    code = code_of(text)
    assert "crate" not in code and code.count("\n") == text.count("\n") and "fn e()" in code and "fn a<'a>" in code
