"""Keys that stand twice in one object."""

from __future__ import annotations

import pytest
from tunedrop.domain.records import duplicate_keys


def test_the_first_key_that_came_before_is_named():
    found = duplicate_keys.defect([("a", 1), ("b", 2), ("b", 3), ("a", 4)])
    assert (found.code, found.message) == ("duplicate_key", "The key 'b' occurs twice in one object.")


def test_keys_that_all_differ_are_no_defect():
    with pytest.raises(ValueError, match="no key"):
        duplicate_keys.defect([("a", 1), ("b", 2)])
