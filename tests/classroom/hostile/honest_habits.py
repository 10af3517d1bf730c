"""Cells that honest people have in their notebooks: tools, experiments, settings, leftovers."""

from attacks import ANSWERS, Submission

SUBMISSIONS = [
    Submission(
        "magics",
        first="%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%config InlineBackend.dpi = 90\n"
        "%time sum(range(10))\n%who",
    ),
    Submission("cell magics", last="%%time\nfor _ in range(3):\n    pass"),
    Submission("captured output", last="%%capture captured\nprint('x' * 1000)"),
    Submission(
        "timed softmax for comparison",
        last="x = torch.randn(4, 4)\n%timeit -n 2 -r 2 torch.softmax(x, -1)\n%timeit -n 2 -r 2 softmax(x)",
    ),
    Submission("a shell line", first="!ls -l\nfiles = !echo one two\nprint(files)"),
    Submission("an installation that fails", first="!pip --version\n!false"),
    Submission("a bash cell", last="%%bash\necho $HOME\npwd"),
    Submission("help", last="torch.softmax?"),
    Submission("await", last="import asyncio\nawait asyncio.sleep(0)\nasync def f():\n    return 1\nawait f()"),
    Submission(
        "asyncio with tasks",
        last="import asyncio\nresults = await asyncio.gather(*(asyncio.sleep(0, i) for i in range(3)))",
    ),
    Submission("much printing", last="for i in range(3000):\n    print(i, torch.ones(3))"),
    Submission(
        "plots", last="fig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()\nplt.hist(torch.randn(50).numpy())"
    ),
    Submission(
        "plot styles",
        first="import matplotlib as mpl\nimport matplotlib.pyplot as plt\nplt.style.use('ggplot')\n"
        "mpl.rcParams['figure.dpi'] = 50\nplt.rcParams.update({'font.size': 9})",
    ),
    Submission("a progress bar", last="from tqdm.auto import tqdm\nfor _ in tqdm(range(10)):\n    pass"),
    Submission(
        "warnings",
        first="import warnings\nwarnings.warn('mine')\nwarnings.filterwarnings('ignore')\n"
        "warnings.simplefilter('error', DeprecationWarning)",
    ),
    Submission(
        "logging",
        first="import logging, sys\nlogging.basicConfig(level=logging.DEBUG, stream=sys.stdout)\n"
        "log = logging.getLogger('me')\nlog.warning('careful')",
    ),
    Submission(
        "seeds everywhere",
        before_checks="import random, numpy as np\nrandom.seed(1)\nnp.random.seed(2)\n"
        "torch.manual_seed(3)\ntorch.use_deterministic_algorithms(True)",
    ),
    Submission("another default dtype", after_setup="torch.set_default_dtype(torch.float64)"),
    Submission("another number of threads", after_setup="torch.set_num_threads(1)\ntorch.set_num_interop_threads(1)"),
    Submission(
        "switches of the backends",
        after_setup="torch.backends.cudnn.deterministic = True\n"
        "torch.backends.cuda.matmul.allow_tf32 = False\n"
        "torch.set_float32_matmul_precision('high')",
    ),
    Submission(
        "a device that is not there",
        after_setup="device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\n"
        "print(device, torch.cuda.device_count())",
    ),
    Submission("gradients switched off", last="torch.set_grad_enabled(False)"),
    Submission("gradients switched off before", after_setup="torch.set_grad_enabled(False)"),
    Submission("inference mode in a cell", last="with torch.inference_mode():\n    softmax(torch.ones(2, 2))"),
    Submission(
        "shapes printed with tensors",
        after_setup="original = torch.Tensor.__repr__\n"
        "torch.Tensor.__repr__ = lambda self: f'{tuple(self.shape)} {original(self)}'",
    ),
    Submission(
        "a thread that ends", last="import threading\nt = threading.Thread(target=lambda: None)\nt.start()\nt.join()"
    ),
    Submission(
        "a pool of processes",
        last="import multiprocessing\ndef square(x):\n    return x * x\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(square, [1, 2, 3]))",
    ),
    Submission(
        "a data loader with workers",
        last="from torch.utils.data import DataLoader, TensorDataset\n"
        "loader = DataLoader(TensorDataset(torch.arange(8.0)), batch_size=2, num_workers=2)\nprint(len(list(loader)))",
    ),
    Submission(
        "temporary files",
        last="import tempfile, pathlib\nwith tempfile.TemporaryDirectory() as d:\n"
        "    pathlib.Path(d, 'x').write_text('y')\nwith tempfile.NamedTemporaryFile() as f:\n    f.write(b'z')",
    ),
    Submission(
        "files beside the notebook",
        last="torch.save({'x': torch.ones(3)}, 'model.pt')\n"
        "print(torch.load('model.pt'))\nopen('notes.txt', 'w').write('done')\nplt.savefig('figure.png')",
    ),
    Submission(
        "a module written by a cell",
        first="%%writefile mine.py\ndef twice(x):\n    return 2 * x",
        last="import mine\nassert mine.twice(2) == 4",
    ),
    Submission(
        "a comparison with torch",
        last="x = torch.randn(3, 4)\nmine, theirs = softmax(x), torch.softmax(x, -1)\n"
        "assert torch.allclose(mine, theirs)\nq = torch.randn(1, 3, 4)\n"
        "reference = torch.nn.functional.scaled_dot_product_attention(q, q, q)\n"
        "print(torch.testing.assert_close(scaled_dot_product_attention(q, q, q), reference))",
    ),
    Submission(
        "a comparison in a function of its own",
        last="import torch.nn.functional as F\ndef test():\n"
        "    x = torch.randn(2, 2)\n    return torch.equal(F.softmax(x, -1), softmax(x))\ntest()\n"
        "layer = nn.MultiheadAttention(4, 2)",
    ),
    Submission("the checks called once more", last="for name in ('softmax', 'steer'):\n    check(name)\ncheck()"),
    Submission(
        "a second checker",
        last="from classroom.check import Checker\nagain = Checker('self-attention.npz')\nagain('softmax')",
    ),
    Submission(
        "compiling tried once",
        after_setup="fast = torch.compile(lambda x: 2 * x)\nassert fast(torch.ones(2)).sum() == 4\n"
        "layer = torch.compile(nn.Linear(2, 2))\nlayer.compile()\nlayer(torch.ones(1, 2))",
    ),
    Submission(
        "compiled answers",
        answers=ANSWERS
        | {
            name: ANSWERS[name].lstrip().replace("def ", f"{decorator}\ndef ", 1)
            for name, decorator in {
                "scaled-dot-product-attention": "@torch.compile",
                "softmax": "@torch.compile(dynamic=True)",
                "attention-scores": "@torch.compile(fullgraph=True, mode='max-autotune')",
            }.items()
        },
    ),
    Submission("errors left over", last="1 / 0"),
    Submission("a syntax error left over", last="def unfinished(:\n    pass"),
    Submission("an exit in the last cell", last="import sys\nsys.exit()"),
    Submission("a question to the user", last="name = input('Your name? ')"),
    Submission("a quit in the last cell", last="quit()"),
    Submission(
        "signals and timeouts",
        last="import signal\ndef late(*_):\n    raise TimeoutError\n"
        "signal.signal(signal.SIGALRM, late)\nsignal.alarm(5)\nsignal.alarm(0)",
    ),
    Submission(
        "memory measured",
        last="import gc, tracemalloc, os\ntracemalloc.start()\ngc.collect()\n"
        "print(open('/proc/self/status').read()[:50], open('/proc/meminfo').read()[:40], os.getpid())",
    ),
    Submission(
        "sources read",
        last="import inspect, dis\nprint(inspect.getsource(softmax), inspect.signature(softmax))\n"
        "dis.dis(softmax)\nprint(softmax.__code__.co_varnames)\n%pinfo softmax",
    ),
    Submission(
        "evaluated constants",
        last="print(eval('1 + 1'))\nexec('y = 3')\nimport re\nre.compile('x')\nmodel = nn.Linear(2, 2).eval()",
    ),
    Submission(
        "hooks on modules",
        last="layer = SelfAttention(3, 2, 2)\nseen = []\n"
        "handle = layer.register_forward_hook(lambda *a: seen.append(1))\nlayer(torch.ones(1, 2, 3))\nhandle.remove()",
    ),
    Submission(
        "rich output",
        last="from IPython.display import HTML, Latex, Markdown, SVG, display\n"
        "display(HTML('<table><tr><td>1</td></tr></table>'), Markdown('**x**'), Latex('$x$'))\n"
        'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>\'))',
    ),
    Submission("widgets", last="import ipywidgets\nipywidgets.IntSlider(3)"),
    Submission(
        "functions with attributes", last="softmax.calls = 0\nmath_alias = math\nself = softmax\nself.note = 'x'"
    ),
    Submission(
        "printing options",
        after_setup="torch.set_printoptions(precision=2)\nimport numpy as np\n"
        "np.set_printoptions(suppress=True)\nnp.seterr(all='ignore')",
    ),
    Submission(
        "an unbounded list of losses",
        last="losses = []\nlayer = SelfAttention(3, 2, 3)\n"
        "optimiser = torch.optim.Adam(layer.parameters())\nfor _ in range(20):\n"
        "    loss = layer(torch.randn(2, 4, 3)).square().mean()\n    optimiser.zero_grad()\n"
        "    loss.backward()\n    optimiser.step()\n    losses.append(loss.item())",
    ),
]
