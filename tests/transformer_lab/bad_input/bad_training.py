"""Given to `course train` wrongly: devices, settings, places, and runs to go on from."""

from given import HUGE, SMALL, TINY, Given, change, smaller_vocabulary

CASES: dict[str, Given] = {
    "no such device": (
        lambda folder, run: [*TINY, "--device", "gpu"],
        r"--device gpu: there is no such device; choose auto, cpu, cuda or cuda:N\.",
    ),
    "no such CUDA device": (
        lambda folder, run: [*TINY, "--device", "cuda:99"],
        r"--device cuda:99: (torch finds no CUDA device here|the CUDA devices here are cuda:0 to cuda:\d).*\.",
    ),
    "a vocabulary of more tokens than can be counted": (
        lambda folder, run: [*TINY, "--set", f"vocab_size={10**20}"],
        rf"vocab_size={10**20} is out of range; choose at most 10000000\.",
    ),
    "a seed for training that is too large": (
        lambda folder, run: [*TINY, "--set", f"seed={10**20}"],
        rf"seed={10**20} is out of range; choose at most {2**63 - 1}\.",
    ),
    "a setting that is no number": (
        lambda folder, run: [*TINY, "--set", "clip=nan"],
        r"clip=nan must not be negative\.",
    ),
    "a run where a file is": (
        lambda folder, run: [*SMALL, "--out", str(run / "log.csv")],
        r".*last\.pt cannot be written: .*log\.csv is a file, not a directory; choose another place\.",
    ),
    "a run where nobody may write": (
        lambda folder, run: [*SMALL, "--out", "/proc/new"],
        r"/proc/new/last\.pt cannot be written: No such file or directory; .*",
    ),
    "a run whose best model would be a directory": (
        lambda folder, run: (folder / "best.pt").mkdir() or [*SMALL, "--out", str(folder)],
        r".*best\.pt is a directory; name a file to be written\.",
    ),
    "going on from a model to translate with": (
        lambda folder, run: (
            (run / "last.pt").write_bytes((run / "best.pt").read_bytes()) and [*SMALL, "--out", str(run)]
        ),
        r".*last\.pt is a model to translate with, as best\.pt is, .*; give another --out, or remove .*",
    ),
    "going on with a damaged log": (
        lambda folder, run: (run / "log.csv").write_text("1,2\n") and [*SMALL, "--set", "steps=18", "--out", str(run)],
        r".*log\.csv, line 1: not as a run writes it \(step, .*\); restore the file, or remove it .*",
    ),
    "a model larger than memory": (
        lambda folder, run: [*SMALL, "--set", f"d_ff={HUGE}"],
        r"a model of these sizes on cpu: out of memory \([\d,.]+ GiB more were wanted\); lower d_model, d_ff, .*\.",
    ),
    "a vocabulary for another run": (
        lambda folder, run: (
            change(run / "last.pt", smaller_vocabulary) or [*SMALL, "--set", "steps=18", "--out", str(run)]
        ),
        r".*last\.pt has a vocabulary of 2\d\d tokens that are not the \d+ learned from phrases; give another --out.*",
    ),
    "a trained run whose best model is gone": (
        lambda folder, run: (run / "best.pt").unlink() or [*SMALL, "--out", str(run)],
        r".*best\.pt is missing and no step is left to make another; go on with --set steps=N\.",
    ),
    "images of no known place": (
        lambda folder, run: [*TINY, "--set", "architecture=vision", "--data", str(folder / "none.npz")],
        r".*none\.npz does not exist; give an \.npz file of images and labels, or digits\.",
    ),
    "a log instead of images": (
        lambda folder, run: [*TINY, "--set", "architecture=vision", "--data", str(run / "log.csv")],
        r".*log\.csv is damaged or no \.npz file of plain arrays \(.*\)\.",
    ),
    "patches that do not tile an image": (
        lambda folder, run: [*TINY, "--set", "architecture=vision", "--set", "patch_size=7"],
        r"image_size=24 is not divisible by patch_size=7; choose patches that tile the image",
    ),
    "subwords of images": (
        lambda folder, run: [*TINY, "--set", "architecture=vision", "--set", "bpe_dropout=0.1"],
        r"bpe_dropout=0\.1 leaves out merges of subwords; images have none.*",
    ),
    "a language model of a language that nobody generates": (
        lambda folder, run: [*SMALL, "--set", "architecture=decoder-only", "--target", "de"],
        r"the built-in corpus is Chinese to English, not zh→de; give --data for those\.",
    ),
    "half of the features for more heads": (
        lambda folder, run: [*SMALL, "--set", "architecture=hybrid", "--set", "num_heads=16"],
        r"half of d_model=16 is not divisible by num_heads=16; choose d_model as a multiple of twice num_heads",
    ),
    "a sentence longer than a batch": (
        lambda folder, run: [*SMALL, "--set", "batch_tokens=20"],
        r"a sentence of \d+ tokens does not fit in a batch of batch_tokens=20; .*",
    ),
}  # fmt: skip
