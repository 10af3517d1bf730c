"""The encoder without a decoder: masked words, one word with two meanings, and images."""

import pytest
import torch

from transformer_lab.beyond import polysemy
from transformer_lab.beyond.masked_lm import MaskedLanguageModel, hide_tokens, masked_loss
from transformer_lab.beyond.vision import SHAPES, VisionConfig, VisionTransformer, draw_shapes
from transformer_lab.errors import LabError
from transformer_lab.transformer import TransformerConfig


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    return polysemy.train(polysemy.generate(2000, generator), steps=300, generator=generator)


def test_words_are_hidden_in_the_paper_s_shares():
    """15 % asked; of these 80 % masked, 10 % replaced, 10 % kept: within 4 standard deviations of 200,000 draws."""
    tokens = torch.randint(2, 50, (1000, 200))
    tokens[:, ::10] = 0
    given, asked = hide_tokens(tokens, mask_id=1, first_word_id=2, vocab_size=50)
    words = tokens >= 2
    assert not asked[~words].any()
    assert (given == tokens)[~asked].all()
    count = asked.sum().item()
    assert abs(count / words.sum().item() - 0.15) < 4 * (0.15 * 0.85 / words.sum().item()) ** 0.5
    for what, share in (((given == 1), 0.8), ((given == tokens), 0.1 + 0.1 / 48)):
        assert abs(what[asked].float().mean().item() - share) < 4 * (share * (1 - share) / count) ** 0.5


def test_it_sees_both_sides_and_no_padding():
    torch.manual_seed(0)
    sizes = TransformerConfig(vocab_size=20, d_model=16, num_heads=2, d_ff=32, num_layers=2, dropout=0.0, max_length=16)
    model = MaskedLanguageModel(sizes)
    tokens = torch.tensor([[5, 6, 7, 8, 9]])
    for changed in (0, 4):
        other = tokens.clone()
        other[0, changed] = 3
        assert not torch.allclose(model(tokens)[0, 2], model(other)[0, 2], atol=1e-4)
    padded = torch.tensor([[5, 6, 7, 8, 9, 0, 0]])
    torch.testing.assert_close(model(padded)[:, :5], model(tokens), rtol=0, atol=1e-5)
    assert masked_loss(model(tokens), tokens, torch.zeros(1, 5, dtype=torch.bool)).item() == 0


def test_one_word_gets_two_vectors(trained):
    """Claim C42, on new sentences: nearest neighbours agree in meaning, though nobody told the model the meanings."""
    data = polysemy.generate(400, torch.Generator().manual_seed(1))
    meanings = [data.meanings[row] for row in data.with_word()]
    states = polysemy.word_states(trained, data)
    same, different = polysemy.similarity(states, meanings)
    assert same > different + 0.1
    unit = torch.nn.functional.normalize(states, dim=-1)
    nearest = (unit @ unit.T).fill_diagonal_(-1).argmax(dim=-1)
    agreeing = sum(meanings[i] == meanings[j] for i, j in enumerate(nearest.tolist()))
    assert agreeing >= 0.95 * len(meanings)
    # Before the first layer the two are one: embeddings know no context.
    embedded = trained.embedding(torch.tensor([[data.vocabulary.index("苹果")] * 2]))
    assert torch.equal(embedded[0, 0], embedded[0, 1])


def test_images_are_cut_into_patches_row_by_row():
    model = VisionTransformer(VisionConfig(image_size=4, patch_size=2, d_model=8, num_heads=2, d_ff=8, num_layers=1))
    image = torch.arange(16.0).view(1, 1, 4, 4)
    assert model.patches(image)[0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    with pytest.raises(LabError, match="choose patches that tile"):
        VisionConfig(image_size=10, patch_size=4)
    for size in ("classes", "num_layers", "num_heads", "patch_size"):
        with pytest.raises(LabError, match=f"{size}=0 must be at least 1"):
            VisionConfig(**{size: 0})


def test_it_learns_to_tell_shapes_apart():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = VisionTransformer(VisionConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(200):
        images, labels = draw_shapes(64, generator=generator)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    images, labels = draw_shapes(500, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        right = (model(images).argmax(dim=-1) == labels).float().mean().item()
    assert right > 0.65  # a guess is right in 0.25; longer training goes on improving
    assert set(labels.tolist()) == set(range(len(SHAPES)))
