"""What tests/conftest.py promises to every other test."""

import jaxtyping
import pytest
import torch

from transformer_lab.attention import scaled_dot_product_attention


def test_a_shape_that_contradicts_a_signature_raises() -> None:
    query, key, value = torch.zeros(2, 3), torch.zeros(2, 4), torch.zeros(2, 3)
    with pytest.raises(jaxtyping.TypeCheckError, match="key"):
        scaled_dot_product_attention(query, key, value)


@pytest.mark.browser
def test_requests_to_other_hosts_are_refused_and_told(page, requests_elsewhere) -> None:
    page.set_content("<img src='https://elsewhere.invalid/a.png'><script src='//elsewhere.invalid/b.js'></script>")
    page.evaluate("fetch('http://elsewhere.invalid/c').catch(() => {})")
    page.wait_for_load_state("networkidle")
    assert sorted(url.rsplit("/")[-1] for url in requests_elsewhere) == ["a.png", "c"]


@pytest.mark.browser
def test_pages_are_served_from_a_free_port(page, serve, tmp_path) -> None:
    (tmp_path / "a.html").write_text("<p>here</p>")
    page.goto(f"{serve(tmp_path)}/a.html")
    assert page.locator("p").text_content() == "here"
