"""The library's sub-commands of `course`: train, average, evaluate, translate."""

import argparse
import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from transformer_lab.errors import LabError
from transformer_lab.whole_files import atomic_write, check_writable, only_writer

RAW = argparse.RawDescriptionHelpFormatter
DECODING_TOKENS = 4_000  # a batch of translations


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the library's commands. Imports torch only when a command runs."""
    train = commands.add_parser(
        "train",
        help="train a translator, a language model or a vision model",
        description="Trains a model, with checkpoints; started again with the same --out, it goes on. A language model "
        "learns from the target side of the pairs, a vision model from images.",
        epilog="examples:\n"
        "  course train                                       the book's model, on the built-in corpus\n"
        "  course train --config tatoeba --data ../shared/data/tatoeba-zh-en --out runs/tatoeba\n"
        "  course train --config base --data wmt14 --source de --device cuda\n"
        "  course train --config tiny --set steps=50 --set d_model=64\n"
        "  course train --config tiny --list-settings         what --set may change, and the architectures\n"
        "  course train --config base --data wmt14 --set batch_tokens=5000 --set accumulate=5\n"
        "                                                     steps of 25,000 tokens in the memory of 5,000\n"
        "  course train --config causal-lm                    a decoder-only language model\n"
        "  course train --config masked-lm --data ../shared/data/tatoeba-zh-en --target zh\n"
        "  course train --config patches --data digits        a vision Transformer, on scikit-learn's digits\n"
        "several processes, each with its share of every batch, here two:\n"
        "  torchrun --standalone --nproc-per-node 2 -m course.cli train --config base --data wmt14\n"
        "curves: tensorboard --logdir DIR",
        formatter_class=RAW,
    )
    train.add_argument(
        "--config",
        metavar="NAME",
        help="tiny, book, tatoeba, multi30k, base or big; causal-lm, masked-lm, patches (default: book; tatoeba where "
        "--data is given)",
    )
    train.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="a directory or file of tab-separated or line-aligned pairs; for images, an .npz file or `digits` "
        "(default: generated)",
    )
    _add_languages(train)
    _add_device(train)
    train.add_argument("--out", type=Path, metavar="DIR", help="where checkpoints go (default: runs/NAME)")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one setting, such as architecture=gru; may be repeated (--list-settings names all)",
    )
    train.add_argument(
        "--list-settings",
        action="store_true",
        help="print the architectures, and every setting with its value and meaning; train nothing",
    )
    train.set_defaults(run=_train)

    average = commands.add_parser(
        "average",
        help="average checkpoints of one training",
        description="Writes the model whose weights are the mean of several checkpoints', and prints the validation "
        "loss of each and of their average. They must come from one training, such as two ends of a learning rate "
        "that rose again in between.",
        epilog="examples:\n"
        "  course average first/best.pt second/best.pt --out average.pt\n"
        "  course average first/best.pt second/best.pt --data ../shared/data/tatoeba-zh-en --out average.pt",
        formatter_class=RAW,
    )
    average.add_argument("checkpoint", type=Path, nargs="+", metavar="CHECKPOINT", help="such as runs/book/best.pt")
    average.add_argument("--out", type=Path, metavar="FILE", required=True, help="where the average goes")
    average.add_argument(
        "--data", type=Path, metavar="PATH", help="what they were trained on (default: the built-in corpus)"
    )
    _add_device(average)
    average.set_defaults(run=_average)

    evaluate = commands.add_parser(
        "evaluate",
        help="score a trained model: a translator with sacreBLEU",
        description="Translates the test sentences and prints BLEU with its signature. Of a language model it prints "
        "perplexity and accuracy, of a vision model accuracy.",
        epilog="examples:\n"
        "  course evaluate runs/book/best.pt                  on the built-in corpus's held-out combinations\n"
        "  course evaluate runs/tatoeba/best.pt --data ../shared/data/tatoeba-zh-en --beam 4\n"
        "  course evaluate runs/tatoeba/best.pt --data my.tsv --json\n"
        "  course evaluate runs/causal-lm/best.pt             perplexity on the built-in corpus's English",
        formatter_class=RAW,
    )
    evaluate.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="such as runs/book/best.pt")
    evaluate.add_argument(
        "--data", type=Path, metavar="PATH", help="a directory with a test split, or one file (default: generated)"
    )
    evaluate.add_argument("--lowercase", action="store_true", help="score without regard to case")
    evaluate.add_argument("--json", action="store_true", help="print only JSON on stdout")
    evaluate.add_argument("--translations", type=Path, metavar="FILE", help="write the translations, one a line")
    _add_decoding(evaluate)
    _add_device(evaluate)
    evaluate.set_defaults(run=_evaluate)

    translate = commands.add_parser(
        "translate",
        help="translate sentences",
        description="Prints the translation of each TEXT, or of each line of standard input.",
        epilog="examples:\n"
        "  course translate runs/book/best.pt 机器学习\n"
        "  course translate runs/book/best.pt 我喜欢机器学习。 --attention attention.png\n"
        "  course translate runs/tatoeba/best.pt --beam 4 < sentences.txt\n"
        "  course translate runs/book/best.pt 机器学习 --temperature 0.8 --seed 3",
        formatter_class=RAW,
    )
    translate.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="such as runs/book/best.pt")
    translate.add_argument("text", nargs="*", metavar="TEXT", help="a sentence (default: lines of standard input)")
    translate.add_argument(
        "--attention", type=Path, metavar="FILE", help="draw the attention map of one greedy translation"
    )
    draw = translate.add_argument_group("drawing translations instead of choosing the likeliest")
    draw.add_argument(
        "--temperature", type=float, metavar="T", help="draw tokens from softmax(logits / T): 1 as the model has it"
    )
    draw.add_argument("--top-k", type=int, metavar="K", help="only from the K likeliest tokens")
    draw.add_argument(
        "--top-p", type=float, default=1.0, metavar="P", help="only from the fewest tokens that have P together"
    )
    draw.add_argument("--seed", type=int, default=0, help="the same seed draws the same (default: 0)")
    _add_decoding(translate)
    _add_device(translate)
    translate.set_defaults(run=_translate, takes_more="text")


def _add_languages(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", metavar="CODE", help="language to translate from, such as zh or de")
    parser.add_argument("--target", metavar="CODE", default="en", help="language to translate into (default: en)")


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", default="auto", metavar="NAME", help="cpu, cuda or cuda:N (default: CUDA where there is a device)"
    )


def _add_decoding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--beam", type=_positive, default=1, metavar="N", help="beam search (default: 1, greedy)")
    parser.add_argument(
        "--length-penalty",
        type=float,
        default=0.6,
        metavar="A",
        help="of beam search: above 0 favours long translations (default: 0.6, the paper's)",
    )
    parser.add_argument(
        "--batch-tokens",
        type=_positive,
        default=DECODING_TOKENS,
        metavar="N",
        help=f"source tokens, times the beam, that are decoded together (default: {DECODING_TOKENS})",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


_positive.__name__ = "positive whole number"  # argparse names the type in its sentence


def _train(arguments: argparse.Namespace) -> int:
    if arguments.list_settings:
        return _list_settings(arguments)
    from transformer_lab.training.config import find_recipe
    from transformer_lab.training.distributed import join_processes

    with join_processes() as processes:
        recipe = find_recipe(_config(arguments), arguments.set)
        out = arguments.out or Path("runs") / recipe.name
        with only_writer(out / "last.pt") if processes.first else nullcontext():
            return _train_together(arguments, recipe, out, processes)


def _list_settings(arguments: argparse.Namespace) -> int:
    from transformer_lab.training.config import find_recipe, list_settings

    print(list_settings(find_recipe(_config(arguments), arguments.set)))
    return 0


def _config(arguments: argparse.Namespace) -> str:
    return arguments.config or ("tatoeba" if arguments.data else "book")


def _train_together(arguments: argparse.Namespace, recipe, out: Path, processes) -> int:
    """What each process does; the first speaks."""
    from transformer_lab.device import choose_device
    from transformer_lab.out_of_memory import out_of_memory
    from transformer_lab.training.run import Run

    def say(sentence: str) -> None:
        if processes.first:
            print(sentence, file=sys.stderr)

    device, task = choose_device(arguments.device, processes.local_rank), recipe.task
    if arguments.data:
        corpus = task.load(arguments.data, arguments.source, arguments.target)
    else:
        languages = (arguments.source or "zh", arguments.target)
        corpus = task.built_in(*languages, recipe.training.pairs, recipe.training.seed)
    with out_of_memory(f"a model of these sizes on {device}", "lower d_model, d_ff, num_layers or vocab_size"):
        run = Run(recipe, corpus, out, device, processes)
    parameters = sum(parameter.numel() for parameter in run.model.parameters())
    together = f", in {processes.size} processes" if processes.size > 1 else ""
    reach = getattr(recipe.model, "receptive_field", None)
    seen = f" Its encoder's receptive field is {reach} tokens." if reach else ""
    say(
        f"{corpus.name}: {len(corpus.train)} {task.item}s, {task.direction(corpus)}. {recipe.name}: {parameters:,} "
        f"parameters, {run.tokenizer.size} {task.unit}, on {device}{together}.{seen}"
    )
    if run.finished:
        say(f"{run.last} is trained already; to go on, add --set steps=N.")
    elif run.resumed_from:
        say(f"going on from step {run.resumed_from} ({run.last}).")
    run.train()
    if processes.first and not run.best.exists():
        raise LabError(f"{run.best} is missing and no step is left to make another; go on with --set steps=N.")
    if processes.first:
        print(f"best model: {run.best} (validation loss {run.best_loss:.4f})")
    return 0


def _average(arguments: argparse.Namespace) -> int:
    from transformer_lab.device import choose_device
    from transformer_lab.out_of_memory import out_of_memory
    from transformer_lab.training.averaging import average_checkpoints
    from transformer_lab.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
    from transformer_lab.training.trainer import validation_loss

    files, out = arguments.checkpoint, arguments.out
    if out.resolve() in [file.resolve() for file in files]:
        raise LabError(f"{out} is one of the checkpoints to average; give another --out.")
    check_writable(out)
    device = choose_device(arguments.device)
    last = load_checkpoint(files[-1])
    training, task = last.recipe.training, last.recipe.task
    if arguments.data:
        corpus = task.load(arguments.data, *last.languages)
    else:
        corpus = task.built_in(*last.languages, training.pairs, training.seed)
    other = last.other_data(corpus)
    if other:
        raise LabError(f"{files[-1]} was {other} on other data than {corpus.name}; give with --data what it was.")
    examples, _ = task.examples(corpus.validation, last.tokenizer, last.recipe.model)
    if not examples:
        longest = last.recipe.model.max_length
        raise LabError(
            f"no validation {task.item} of {corpus.name} fits in the model's max_length={longest}; give others."
        )

    def loss(checkpoint: Checkpoint) -> float:
        elsewhere = "" if device.type == "cpu" else ", or use --device cpu"
        with out_of_memory(f"validation on {device}", f"use a machine with more memory{elsewhere}"):
            return validation_loss(checkpoint.model().to(device), examples, checkpoint.tokenizer, task=task)

    averaged = average_checkpoints(files, loss)
    save_checkpoint(out, averaged)
    for file, one in zip(files, averaged.data["averaged"], strict=True):
        print(f"{file}: validation loss {one['validation_loss']:.4f}, after {one['steps']:,} steps")
    print(f"their average: validation loss {averaged.data['validation_loss']:.4f}, in {out}")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from transformer_lab.device import choose_device
    from transformer_lab.tasks.task import ScoredTask
    from transformer_lab.training.checkpoint import load_checkpoint
    from transformer_lab.translation.evaluation import evaluate
    from transformer_lab.translation.translator import Translator

    checkpoint = load_checkpoint(arguments.checkpoint)
    task, (source, target) = checkpoint.recipe.task, checkpoint.languages
    scored = isinstance(task, ScoredTask)
    if scored:
        _check_no_decoding(arguments, task)
    if arguments.data:
        pairs, name = task.load_test(arguments.data, source, target), str(arguments.data)
    else:
        pairs, name = task.built_in(source, target, 1, 1).test, "the built-in corpus"
    if scored:
        return _score(arguments, checkpoint, pairs, name)
    if arguments.translations:
        check_writable(arguments.translations)
    device = choose_device(arguments.device)
    with _decoding_memory(arguments, device):
        translator = Translator(checkpoint.model().to(device), checkpoint.tokenizer)
        score, translations = evaluate(
            translator,
            pairs,
            arguments.beam,
            arguments.lowercase,
            arguments.length_penalty,
            arguments.batch_tokens,
            target,
        )
    if arguments.translations:
        _write_text(arguments.translations, "".join(f"{line}\n" for line in translations))
    if arguments.json:
        result = {
            "checkpoint": str(arguments.checkpoint),
            "data": name,
            "beam": arguments.beam,
            "length_penalty": arguments.length_penalty,
            "bleu": score.bleu,
            "signature": score.signature,
            "sentences": score.sentences,
            "details": score.details,
        }
        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print(f"{score.details}\n{score.signature}\n{score.sentences} sentences of {name}")
    return 0


def _check_no_decoding(arguments: argparse.Namespace, task) -> None:
    """Raises LabError for what is asked of a translator alone."""
    for option, usual in (("beam", 1), ("length_penalty", 0.6), ("lowercase", False), ("translations", None)):
        if getattr(arguments, option) != usual:
            raise LabError(
                f"--{option.replace('_', '-')} is for translators, and {arguments.checkpoint} holds a model that "
                f"{task.verb}; leave it out."
            )


def _score(arguments: argparse.Namespace, checkpoint, items: list, name: str) -> int:
    """Prints how well a model answers whose task is not to translate."""
    from transformer_lab.device import choose_device
    from transformer_lab.out_of_memory import out_of_memory

    task, device = checkpoint.recipe.task, choose_device(arguments.device)
    with out_of_memory(f"scoring on {device}", f"lower --batch-tokens={arguments.batch_tokens}"):
        model = checkpoint.model().to(device)
        scores = task.score(model, checkpoint.tokenizer, items, arguments.batch_tokens)
    if arguments.json:
        result = {"checkpoint": str(arguments.checkpoint), "data": name, "task": task.name}
        print(json.dumps(result | scores.values | {f"{task.item}s": scores.items}, ensure_ascii=False, indent=1))
    else:
        print(scores.text(f"{task.item}s", name))
    return 0


def _translate(arguments: argparse.Namespace) -> int:
    from transformer_lab.device import choose_device
    from transformer_lab.translation.alignment import check_drawable, draw_attention
    from transformer_lab.translation.translator import Translator

    device = choose_device(arguments.device)
    with _decoding_memory(arguments, device):
        translator = Translator.load(arguments.checkpoint, device)
    texts = arguments.text or _standard_input()
    if arguments.temperature is None and (arguments.top_k, arguments.top_p, arguments.seed) != (None, 1.0, 0):
        raise LabError("--top-k, --top-p and --seed say how to draw; give --temperature with them, such as 1.")
    if arguments.temperature is not None and arguments.beam > 1:
        raise LabError("--temperature draws translations, --beam searches for the likeliest; give one of them.")
    if arguments.attention and len(texts) != 1:
        raise LabError(f"--attention draws one sentence, {len(texts)} were given; give one.")
    if arguments.attention:
        check_drawable(arguments.attention)
    with _decoding_memory(arguments, device):
        if arguments.temperature is None:
            translations = translator.translate_all(
                texts, arguments.beam, arguments.length_penalty, arguments.batch_tokens
            )
        else:
            how = (arguments.temperature, arguments.top_k, arguments.top_p, arguments.seed)
            translations = translator.sample_all(texts, *how, arguments.batch_tokens)
        if arguments.attention:
            draw_attention(translator, texts[0], arguments.attention)
    for translation in translations:
        print(translation)
    return 0


def _standard_input() -> list[str]:
    """Its lines, as a corpus has them. Bytes that are not UTF-8 stay recognisable as such, whatever the locale."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")
    lines = [line.removesuffix("\n").removesuffix("\r") for line in sys.stdin]
    return [lines[0].removeprefix("\ufeff"), *lines[1:]] if lines else []


def _decoding_memory(arguments: argparse.Namespace, device) -> AbstractContextManager:
    """Says what to lower when translating runs out of memory."""
    from transformer_lab.out_of_memory import out_of_memory

    lower = [f"--batch-tokens={arguments.batch_tokens}", *([f"--beam={arguments.beam}"] * (arguments.beam > 1))]
    elsewhere = "" if device.type == "cpu" else ", or use --device cpu"
    return out_of_memory(f"translating on {device}", f"lower {' or '.join(lower)}{elsewhere}")


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as file:
        file.write(text.encode())
