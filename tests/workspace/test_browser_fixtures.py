"""The accessibility check passes a good page and fails a bad one."""

from __future__ import annotations

import pytest

GOOD = '<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1></main></html>'
BAD = '<!doctype html><html lang="en"><title>Bad</title><main><h1>Bad</h1><img src="x.png"></main></html>'


def test_a_plain_page_is_accessible(page, assert_accessible):
    page.set_content(GOOD)
    assert_accessible(page)


def test_an_image_without_a_text_is_not_accessible(page, assert_accessible):
    page.set_content(BAD)
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(page)
