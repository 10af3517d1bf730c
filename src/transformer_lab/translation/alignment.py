"""Which source tokens the decoder looks at while it writes each token."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_lab.data.batching import pad
from transformer_lab.errors import LabError
from transformer_lab.seq2seq import AttentionMaps, Seq2Seq, evaluating
from transformer_lab.translation.decoding import greedy_decode, output_limit
from transformer_lab.translation.translator import Translator
from transformer_lab.whole_files import atomic_write, check_writable


@torch.no_grad()
def cross_attention(
    model: Seq2Seq, source: list[int], target: list[int], layer: int = -1
) -> Float[Tensor, "heads target source"]:
    """The weights of one decoder layer's cross-attention as it reads `target` (which begins with <bos>).

    Raises:
        LabError: the model does not look back at the source.
    """
    device = next(model.parameters()).device
    read, written = pad([source], model.pad_id).to(device), pad([target], model.pad_id).to(device)
    with evaluating(model):
        weights = model.cross_attention(written, model.encode(read), model.source_mask(read), layer)
    return weights[0].cpu()


@torch.no_grad()
def attention_maps(model: Seq2Seq, source: list[int], target: list[int]) -> AttentionMaps:
    """All attention weights of one sentence, (1, heads, queries, keys) a layer; `target` begins with <bos>.

    See `Seq2Seq.attention_maps`. On the processor, wherever the model is.
    """
    device = next(model.parameters()).device
    read, written = pad([source], model.pad_id).to(device), pad([target], model.pad_id).to(device)
    with evaluating(model):
        maps = model.attention_maps(read, written)
    return AttentionMaps(*([weights.cpu() for weights in kind] for kind in (maps.encoder, maps.decoder, maps.cross)))


def translation_attention(
    translator: Translator, text: str
) -> tuple[list[str], list[str], Float[Tensor, "target source"]]:
    """Translates greedily: the tokens written, the source's tokens, and the last layer's weights, over heads."""
    model, tokenizer = translator.model, translator.tokenizer
    source = translator.encode(text)
    device = next(model.parameters()).device
    read = pad([source], tokenizer.pad_id).to(device)
    written = greedy_decode(model, read, tokenizer.bos_id, tokenizer.eos_id)[0]
    # A translation that is as long as it may be was cut off before its <eos>.
    longest = output_limit(len(source), model.max_length)
    weights = cross_attention(model, source, [tokenizer.bos_id, *written][:longest]).mean(0)
    return tokenizer.tokens([*written, tokenizer.eos_id][:longest]), tokenizer.tokens(source), weights


def check_drawable(path: Path) -> str:
    """The format that the suffix of `path` names.

    Raises:
        LabError: matplotlib does not write it, or the file cannot be written there.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    kind = path.suffix.removeprefix(".").lower()
    known = sorted(FigureCanvasAgg.get_supported_filetypes().keys() - {"pgf"})  # pgf needs TeX
    if kind not in known:
        raise LabError(f"{path}: cannot draw a {path.suffix or 'file without suffix'}; choose from {', '.join(known)}.")
    check_writable(path)
    return kind


def draw_attention(translator: Translator, text: str, path: Path) -> None:
    """Writes the attention map of one translation as an image; the suffix of `path` chooses the format.

    Raises LabError as `check_drawable`, and where the model does not look back at the source.
    """
    from matplotlib.figure import Figure

    kind = check_drawable(path)
    rows, columns, weights = translation_attention(translator, text)
    figure = Figure(figsize=(1.5 + 0.36 * len(columns), 1.2 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(weights.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(columns)), [label.replace("▁", "") or "▁" for label in columns])
    axes.set_yticks(range(len(rows)), [label.replace("▁", "") or "▁" for label in rows])
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for label in labels:
            label.set_fontfamily(["DejaVu Sans", *_chinese_fonts()])
    axes.set(xlabel="source", ylabel="written")
    figure.colorbar(image, label="weight", shrink=0.8)
    with atomic_write(path) as file:
        figure.savefig(file, format=kind, dpi=150)


def _chinese_fonts() -> list[str]:
    """Installed fonts with Chinese characters, of the usual names."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return [name for name in ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei") if name in installed]
