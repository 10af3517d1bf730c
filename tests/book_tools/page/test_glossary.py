"""Which entry a claim speaks of, and where a term is used first."""

from book_tools.page.glossary import claims_of, first_uses


def test_the_first_use_is_that_of_the_earliest_chapter():
    pages = {"late": {"key": "a", "value": "b"}, "early": {"key": "c"}}
    assert first_uses(pages, ["early", "late"]) == {"key": ("early", "c"), "value": ("late", "b")}
    assert first_uses(pages, []) == {}


def test_the_longer_name_counts_where_two_overlap():
    names = {"attention": ["attention", "注意力"], "self-attention": ["self-attention", "自注意力"]}
    texts = {
        "C1": "Self-attention relates positions.",
        "C2": "Attention, and self-attention beside it.",
        "C3": "自注意力机制",
        "C4": "多头注意力",
        "C5": "inattention",
    }
    assert claims_of(names, texts) == {"attention": ["C2", "C4"], "self-attention": ["C1", "C2", "C3"]}


def test_plurals_count_and_parts_of_words_do_not():
    texts = {"C1": "Several heads", "C2": "ahead", "C3": "head_dim", "C4": "The head."}
    assert claims_of({"head": ["head", "头"]}, texts) == {"head": ["C1", "C4"]}
