"""Attacks and accidents that are Python: each takes the place of the student's first answer, kl_discrete, of ps1.

An attack earns 0 for ps1.1 and the other exercises keep their points; what begins with "honest" is right and keeps all. An
attack that got something prints LOOT (never written in one piece: a traceback would show it); {host}, {port} and {mark} are
filled in by the test.
"""

# ruff: noqa: E501  (programs are kept on as few lines as they need)
RIGHT = """
def kl_discrete(q, p):
    return torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1)
"""
FORGED = "def kl_discrete(q, p):\n    return {answer}\n"

PROGRAMS = {
    # --- resources: loops, memory, processes, disk, output -----------------------------------------------------------------
    "loop-python": "while True: pass",
    "loop-in-c": "sum(range(10**13))",
    "loop-in-the-answer": "def kl_discrete(q, p):\n    while True: pass",
    "loop-in-c-in-the-answer": "def kl_discrete(q, p):\n    return sum(range(10**13))",
    "loop-deaf-to-signals": "import signal\nfor s in (2, 14, 15): signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
    "loop-swallows-everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "exits": "import os\nos._exit(0)",
    "exits-in-the-answer": "import os\ndef kl_discrete(q, p):\n    os._exit(0)",
    "raises-systemexit": "import sys\nsys.exit('good bye')",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "memory-at-once": "x = bytearray(8 * 2**30)",
    "memory-in-steps": "x = []\nwhile True: x.append(bytearray(2**27))",
    "memory-in-the-answer": "x = []\ndef kl_discrete(q, p):\n    while True: x.append(torch.ones(2**25))",
    "recursion": "def f(n): return f(n + 1) + 1\nf(0)",
    "fork-bomb": "import os\nwhile True: os.fork()",
    "detached-processes": "import subprocess\nfor _ in range(30): subprocess.Popen(['sleep', '{mark}'], start_new_session=True)",
    "threads": "import threading, time\nfor _ in range(20000): threading.Thread(target=time.sleep, args=(9999,)).start()",
    "fills-tmp": "with open('/tmp/big', 'wb') as f:\n    while True: f.write(bytes(2**24))",
    "fills-shm": "with open('/dev/shm/big', 'wb') as f:\n    while True: f.write(bytes(2**24))",
    "open-files": "x = [open('/dev/null') for _ in range(100000)]",
    "prints-200-mb": "for _ in range(200): print('x' * 2**20)",
    "prints-past-python": "import os\nfor _ in range(200): os.write(1, b'x' * 2**20), os.write(2, b'x' * 2**20)",
    "displays-much": "from IPython.display import display\nfor _ in range(3000): display('x' * 10000)",
    "answers-much": "def kl_discrete(q, p):\n    return torch.zeros(2**27)",
    "huge-exception": "raise ValueError('x' * 2**27)",
    # --- theft: files, other students, the environment, the network ---------------------------------------------------------
    "reads-the-host": "print(open('{host}/secret.txt').read())",
    "reads-everything": (
        "import os\n"
        "for path, _, names in os.walk('/'):\n"
        "    if path.startswith(('/proc', '/usr', '/sys')) or 'site-packages' in path or '/lib/python' in path: continue\n"
        "    for name in names:\n"
        "        try: text = open(os.path.join(path, name), errors='replace').read(10**6)\n"
        "        except OSError: continue\n"
        "        if 'SECRET' in text: print(path, name, text)"
    ),
    "reads-the-gradebook": "import sqlite3\nprint(sqlite3.connect('file:{host}/course/classroom/gradebook.db?mode=ro', uri=True)"
    ".execute('select * from student').fetchall(), 'SECRET' + '-LOOT')",
    "reads-the-environment": "import os\nprint(dict(os.environ))",
    "reads-environments": (
        "import glob\nfor name in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
        "    try: print(name, open(name).read())\n    except OSError: pass"
    ),
    "reads-the-parents-memory": (
        "import os\nfor pid in os.listdir('/proc'):\n"
        "    if pid.isdigit() and os.readlink('/proc/self') != pid:\n"
        "        try:\n            open(f'/proc/{{pid}}/mem', 'rb').read(1)\n        except OSError as e:\n"
        "            if e.errno == 5: print('SECRET' + '-LOOT: opened the memory of', pid)\n"
        "        else: print('SECRET' + '-LOOT')"
    ),
    "connects-to-the-host": "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\nprint('SECRET' + '-LOOT')",
    "connects-outside": "import socket\nsocket.create_connection(('1.1.1.1', 53), 2)\nprint('SECRET' + '-LOOT')",
    "leaves-a-note": (
        "import os, subprocess\n"
        "for path in ('/tmp', '/dev/shm', os.getcwd(), os.path.expanduser('~'), '/course', '/'):\n"
        "    try: open(path + '/SECRET' + '-NOTE', 'w').write('x')\n    except OSError: pass\n"
        "subprocess.Popen(['python', '-c', 'import time; time.sleep({mark})', 'SECRET-NOTE'], start_new_session=True)"
    ),
    "looks-for-notes": (
        "import os, glob\n"
        "print([p for d in ('/tmp', '/dev/shm', '/course', '/', os.getcwd()) for p in os.listdir(d) if 'NOTE' in p])\n"
        "print([n for n in glob.glob('/proc/[0-9]*/cmdline') if 'SECRET-NOTE' in open(n).read()])"
    ),
    "asks-the-grader": "import vae_edu.grading.course as c\nprint(c.Course('{host}/course'), 'SECRET' + '-LOOT')",
    "reads-the-keyring": (
        "import ctypes, platform\nlibc = ctypes.CDLL(None)\n"
        "for number in (248, 249, 250) if platform.machine() == 'x86_64' else (217, 218, 219):\n"
        "    if libc.syscall(number, 10, -3, b'user', b'x', 0) != -1: print('SECRET' + '-LOOT')\n"
    ),
    "memory-without-a-process": (
        "import os, ctypes\nlibc = ctypes.CDLL(None)\ntaken = libc.shmget(0, 10**6, 0o1600) != -1\n"
        "try: taken = os.memfd_create('x') or True\nexcept OSError: pass\n"
        "if taken or libc.unshare(0x10000000) == 0 or libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0: print('SECRET' + '-LOOT')"
    ),
    "memory-that-is-shared": "import mmap\nm = mmap.mmap(-1, 2 * 2**30)\nfor at in range(0, 2 * 2**30, 4096): m[at] = 1",
    "speaks-of-many-dimensions": (
        "import os, struct, json\ntext = json.dumps({{'array:': ['bool', [67108863] * 200000]}}).encode()\n"
        "for fd in range(3, 64):\n    try: os.write(fd, struct.pack('!II', len(text), len(text)) + text)\n    except OSError: pass\n"
        + FORGED.format(answer="q.sum(-1)")
    ),
    "half-a-surrogate": "print('\\ud800')\ndef kl_discrete(q, p):\n    raise ValueError('\\ud800' * 10)",
    "colours": "print('\\x1b[m' * 60000)\nraise ValueError('\\x1b[31m' * 60000)",
    # --- vandalism ------------------------------------------------------------------------------------------------------------
    "kills-its-parent": "import os\nos.kill(os.getppid(), 9)",
    "kills-everybody": (
        "import os, signal\nfor pid in [-1, *range(2, 400)]:\n    try: os.kill(pid, 9)\n    except OSError: pass\nos.kill(os.getpid(), 9)"
    ),
    "deletes-everything": (
        "import os, shutil\nfor name in os.listdir('/'):\n    shutil.rmtree('/' + name, ignore_errors=True)\n"
        "shutil.rmtree('{host}', ignore_errors=True)"
    ),
    "writes-the-gradebook": "import sqlite3\nsqlite3.connect('{host}/course/classroom/gradebook.db').execute('update grade set auto_score = 99')",
    "changes-the-library": "import vae_edu.exercises.ps1.kl_discrete as m\nopen(m.__file__, 'a').write('KL = 0')",
    "changes-torch": "open(torch.__file__, 'a').write('SECRET')",
    "unmounts": (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "done = [libc.umount2(b'/tmp', 2), libc.unshare(0x10020000), libc.mount(b'x', b'/course', b'tmpfs', 0, None), libc.umount2(b'/', 2)]\n"
        "open('{host}/pwned', 'w')"
    ),
    # --- forgery: fooling whoever judges ----------------------------------------------------------------------------------------
    "patches-comparisons": (
        "import numpy\ntorch.allclose = torch.equal = numpy.isclose = numpy.allclose = lambda *a, **k: numpy.array(True)\n"
        "import vae_edu.checks.judging as r\nr.judge = r.difference = lambda *a: ('', ())\n" + FORGED.format(answer="q.sum(-1)")
    ),
    "patches-the-exercise": (
        "from vae_edu.exercises import EXERCISES\ne = EXERCISES['kl_discrete']\ne.trials.clear(); e.tolerance = 1e9\n"
        "e.oracle = lambda q, p: 0\n" + FORGED.format(answer="q.sum(-1) * 0")
    ),
    "transforms-cells": (
        "get_ipython().input_transformers_post.append(lambda lines: ['4.0'])\n"
        "get_ipython().ast_transformers.append(None)\n" + FORGED.format(answer="q.sum(-1)")
    ),
    "equals-everything": (
        "class Yes(float):\n    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda *a: True\n    __hash__ = float.__hash__\n"
        "    __sub__ = __rsub__ = __abs__ = lambda *a: Yes(0)\n" + FORGED.format(answer="Yes(1.5)")
    ),
    "tensor-that-equals": (
        "class Yes(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, f, types, args=(), kwargs=None):\n"
        "        return torch.ones(()) == 1 if f is torch.isclose else super().__torch_function__(f, types, args, kwargs or {{}})\n"
        + FORGED.format(answer="torch.ones(q.shape[:-1]).as_subclass(Yes)")
    ),
    "pickle-bomb": (
        "class Bomb:\n    def __reduce__(self): return (open, ('{host}/pwned', 'w'))\n    __array__ = lambda *a: 1 / 0\n"
        + FORGED.format(answer="Bomb()")
    ),
    "replaces-grade": (
        "import builtins, vae_edu.checks\ngrade = builtins.grade = vae_edu.checks.grade = vae_edu.checks.graded = lambda *a, **k: 4.0\n"
        + FORGED.format(answer="q.sum(-1)")
    ),
    "shows-a-forged-report": (
        "from IPython.display import display\n"
        "display({{'text/plain': '4 of 4 points', 'application/vnd.vae-edu.check+json': {{'exercise': 'ps1.1', 'name': 'kl_discrete',\n"
        "  'points': 999, 'max_points': 4, 'hint': 'SECRET' + '-LOOT', 'misconception': ''}}}}, raw=True)\n4.0"
    ),
    "speaks-on-the-socket": (
        "import os, socket, json, struct\ntext = json.dumps({{'arrays': [], 'misfit': '', 'outputs': []}}).encode()\n"
        "for fd in range(3, 64):\n    try: os.write(fd, struct.pack('!II', len(text), len(text)) + text)\n    except OSError: pass\n"
        + FORGED.format(answer="q.sum(-1)")
    ),
    "babbles-on-the-socket": (
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 4096)\n    except OSError: pass\n" + FORGED.format(answer="q.sum(-1)")
    ),
    "closes-the-socket": "import os\nos.closerange(3, 64)\n" + FORGED.format(answer="q.sum(-1)"),
    "hunts-in-frames": (
        "import sys, gc\ndef kl_discrete(q, p):\n    f = sys._getframe()\n    while f:\n        for v in list(f.f_locals.values()):\n"
        "            if hasattr(v, 'expected'): return torch.as_tensor(v.expected[0][0])\n        f = f.f_back\n"
        "    return q.sum(-1)"
    ),
    "shows-a-script": (
        "from IPython.display import HTML, Javascript, SVG, display\n"
        "display(HTML('<script>SECRET' + '-LOOT</script>'), Javascript('SECRET' + '-LOOT'), SVG('<svg><script>SECRET' + '-LOOT</script></svg>'))\n"
        "display({{'image/png': '\\\"><script>SECRET' + '-LOOT</script>'}}, raw=True)"
    ),
    "replaces-modules": (
        "import sys, types\nfor name in ('numpy', 'torch', 'vae_edu.checks', 'vae_edu.checks.calling', 'json', 'socket'):\n"
        "    sys.modules[name] = types.ModuleType(name)"
    ),
    "remembers-answers": (  # the inputs of the notebook's own check are known beforehand; those of the grade are others
        "answers = {{}}\n" + FORGED.format(answer="answers.get(q.sum().item(), q.sum(-1))")
    ),
    # --- kernel: what is shared with the machine -----------------------------------------------------------------------------------
    "opens-the-kernel": (
        "import os\nown = '/proc/' + os.readlink('/proc/self') + '/'\n"
        "for top in ('/proc', '/sys'):\n    for folder, _, names in os.walk(top):\n        for name in names:\n"
        "            path = folder + '/' + name\n            if path.startswith(own) and '/fd/' in path: continue\n"
        "            try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK)); print('SECRET' + '-LOOT', path)\n            except OSError: pass"
    ),
    "takes-the-devices": (
        "import os\nfor what in ('/dev/null', '/dev/urandom', '/dev/tty', 0, 1, 2):\n"
        "    try: os.chmod(what, 0o666); print('SECRET' + '-LOOT')\n    except OSError: pass"
    ),
    "speaks-to-the-kernel": (
        "import socket\nfor family in (5, 9, 15, 16, 17, 21, 29, 30, 31, 32, 38, 39, 40, 44):\n    for kind in (1, 2, 3, 5):\n"
        "        try: socket.socket(family, kind, 0); print('SECRET' + '-LOOT', family)\n        except OSError: pass"
    ),
    "takes-what-there-are-few-of": (
        "import ctypes, platform\nlibc = ctypes.CDLL(None)\naio = 206 if platform.machine() == 'x86_64' else 0\n"
        "got = [libc.inotify_init1(0), libc.semget(0, 32000, 0o1600), libc.syscall(aio, 1, ctypes.byref(ctypes.c_ulong()))]\n"
        "if got != [-1, -1, -1]: print('SECRET' + '-LOOT')"
    ),
    "reads-the-kernels-log": (
        "import ctypes\nif ctypes.CDLL(None).klogctl(3, ctypes.create_string_buffer(99), 99) > 0: print('SECRET' + '-LOOT')\n"
        "for path in ('/dev/kmsg', '/proc/kmsg', '/proc/kcore'):\n    try: open(path, 'rb').read(1); print('SECRET' + '-LOOT')\n"
        "    except OSError: pass"
    ),
    "sees-its-keepers": (
        "import glob\nfor name in glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/status'):\n"
        "    try: text = open(name).read()\n    except OSError: continue\n    if 'bwrap' in text: print('SECRET' + '-LOOT')"
    ),
    "debugs-its-child": (
        "import ctypes, os, time\nlibc = ctypes.CDLL(None)\nchild = os.fork()\nif child == 0:\n    time.sleep(60); os._exit(0)\n"
        "if libc.ptrace(16, child, 0, 0) == 0 or libc.process_vm_readv(child, None, 0, None, 0, 0) == 0: print('SECRET' + '-LOOT')"
    ),
    "personality": "import ctypes\nif ctypes.CDLL(None).personality(0x0040000) != -1: print('SECRET' + '-LOOT')",
    # --- more resources: files, folders, terminals, signals, sockets, processes that hop -------------------------------------------------
    "many-files": "import os\ni = 0\nwhile True:\n    os.close(os.open('f' + str(i), os.O_CREAT)); i += 1",
    "many-folders": "import os\nwhile True:\n    os.mkdir('d'); os.chdir('d')",
    "a-file-of-a-petabyte": "open('big', 'wb').truncate(2**50)",
    "many-terminals": "import os\nx = []\nwhile True: x.append(os.openpty())",
    "many-full-sockets": (
        "import socket\nx = []\nwhile True:\n    a, b = socket.socketpair(); a.setblocking(False); x += [a, b]\n"
        "    try:\n        while True: a.send(bytes(2**16))\n    except BlockingIOError: pass"
    ),
    "many-signals": (
        "import ctypes, os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(34, 65))\nlibc = ctypes.CDLL(None)\n"
        "while libc.sigqueue(os.getpid(), 40, None) == 0: pass"
    ),
    "hops-from-process-to-process": "import os, time\nif os.fork() == 0:\n    while True:\n        if os.fork(): os._exit(0)\ntime.sleep(2)",
    # --- time: clocks that are disarmed, loops where nobody looks ------------------------------------------------------------------------
    "disarms-the-clock": (
        "import signal\ndef kl_discrete(q, p):\n    signal.setitimer(signal.ITIMER_PROF, 0); signal.setitimer(signal.ITIMER_REAL, 0)\n    while True: pass"
    ),
    "sleeps-in-the-answer": "import time\ndef kl_discrete(q, p):\n    time.sleep(100)",
    "loops-while-it-is-stopped": (
        "def kl_discrete(q, p):\n    try:\n        while True: pass\n    finally:\n        while True: pass"
    ),
    "stops-itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nos.kill(os.getpid(), signal.SIGTSTP)",
    "loops-in-its-message": (
        "class Endless(Exception):\n    def __str__(self):\n        while True: pass\ndef kl_discrete(q, p):\n    raise Endless"
    ),
    "loops-in-its-signature": (
        "class Function:\n    @property\n    def __signature__(self):\n        while True: pass\n    def __call__(self, q, p): return q.sum(-1)\n"
        "kl_discrete = Function()"
    ),
    "loops-in-its-repr": "class Endless:\n    def __repr__(self):\n        while True: pass\nEndless()",
    "loops-at-its-end": "class Endless:\n    def __del__(self):\n        while True: pass\ndef kl_discrete(q, p):\n    Endless()\n    return q.sum(-1)",
    # --- descriptors and IPython -----------------------------------------------------------------------------------------------------------
    "sends-a-descriptor": (
        "import os, socket\nfor fd in range(3, 64):\n    try: socket.send_fds(socket.socket(fileno=os.dup(fd)), [b'\\0\\0\\0\\2\\0\\0\\0\\2[]'], [0])\n"
        "    except OSError: pass"
    ),
    "puts-nothing-in-the-sockets-place": "import os\nnull = os.open('/dev/null', 2)\nfor fd in range(3, 64):\n    if fd != null: os.dup2(null, fd)",
    "hooks-into-ipython": (
        "shell = get_ipython()\nshell.events.register('pre_run_cell', lambda *a: 1 / 0)\nshell.set_custom_exc((Exception,), lambda *a, **k: None)\n"
        "shell.display_formatter.format = lambda *a, **k: ({{'text/plain': 'SECRET' + '-LOOT'}}, {{}})\n" + FORGED.format(answer="q.sum(-1)")
    ),
    "replaces-the-shell": "get_ipython().run_cell = lambda *a, **k: None",
    # --- answers that are no answers ------------------------------------------------------------------------------------------------------------
    **{
        "answers-" + kind: FORGED.format(answer=answer)
        for kind, answer in {
            "nan": "torch.full(q.shape[:-1], float('nan'), dtype=q.dtype)",
            "huge": "torch.full(q.shape[:-1], 1e308, dtype=q.dtype) * 10",
            "objects": "__import__('numpy').array([object()] * 3, dtype=object)",
            "on-no-device": "torch.empty(q.shape[:-1], dtype=q.dtype, device='meta')",
            "quantized": "torch.quantize_per_tensor(q.sum(-1).float(), 0.1, 0, torch.qint8)",
            "complex": "torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1) + 0j",
            "truth": "torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1) > 0",
            "text": "str(torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1))",
            "one-dimension-more": "torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1)[None]",
            "the-mean-for-all": "torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1).mean().expand(q.shape[:-1])",
            "nothing": "torch.empty(0)",
            "itself-in-itself": "(lambda x: x.append(x) or x)([])",
            "a-generator": "(yield q.sum(-1))",
            "a-function": "kl_discrete",
        }.items()
    },
    "answers-later": "async " + FORGED.format(answer="q.sum(-1)").strip(),
    "answers-in-turns": (
        "turn = []\ndef kl_discrete(q, p):\n    turn.append(1)\n"
        "    right = torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1)\n    return right + len(turn) % 2"
    ),
    "lies-about-its-shape": (
        "class Lie(torch.Tensor):\n    shape = property(lambda self: torch.Size([7]))\n    numel = lambda self: 0\n"
        "    size = dim = lambda self, *a: 7\n" + FORGED.format(answer="q.sum(-1).as_subclass(Lie)")
    ),
    "lies-about-its-class": (
        "class Lie:\n    __class__ = torch.Tensor\n    detach = cpu = to_dense = lambda self: self\n    to = lambda self, *a: self\n"
        "    numel = lambda self: 1\n    is_complex = lambda self: False\n    numpy = lambda self: 'SECRET'\n" + FORGED.format(answer="Lie()")
    ),
    "patches-torch-before-the-gradient": (
        "def kl_discrete(q, p):\n    torch.autograd.grad = lambda *a, **k: (torch.zeros_like(q),)\n    return q.sum(-1)"
    ),
    "an-endless-name": "def kl_discrete(q): pass\nkl_discrete.__name__ = kl_discrete.__qualname__ = 'x' * 10**8",
    "strange-characters": "print('\\0\\u202e\\ufeff\\ufffe\\x85')\ndef kl_discrete(q, p):\n    raise ValueError('\\0\\u202e\\ufeff\\x85' * 99)",
    # --- honest accidents: the answer is right, and keeps its points --------------------------------------------------------------
    "honest-warns": "import warnings, sys\n" + RIGHT + "warnings.warn('careful')\nprint('hm', file=sys.stderr)",
    "honest-warns-in-the-answer": (
        "import warnings, sys\ndef kl_discrete(q, p):\n    warnings.warn('x')\n    print('x', file=sys.stderr)\n"
        "    return torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1)"
    ),
    "honest-asks": RIGHT + "name = input('Your name? ')",
    "honest-plots": (
        RIGHT + "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(2, 2, figsize=(40, 40))\nfor a in ax.flat: a.plot([1, 2])\nplt.show()"
    ),
    "honest-magic": "%matplotlib inline\n" + RIGHT + "%timeit -n 1 -r 1 sum(range(10))\n!echo hello",
    "honest-seed": RIGHT + "torch.manual_seed(1)\nimport random, numpy\nrandom.seed(1); numpy.random.seed(1)",
    "honest-changes-folder": RIGHT + "import os\nos.makedirs('deep', exist_ok=True); os.chdir('deep')",
    "honest-no-gradients": RIGHT + "torch.set_grad_enabled(False); torch.set_default_dtype(torch.float32)",
    "honest-progress-bar": RIGHT + "from tqdm.auto import tqdm\nfor _ in tqdm(range(100)): pass",
    "honest-scratch": RIGHT + "kl_discrete(torch.ones(2) / 2, torch.ones(2) / 2)\n1 / 0",
    "honest-slow": RIGHT + "import time\ntime.sleep(1)",
    "honest-unicode": "# ½ Σ — Überraschung 日本\n" + RIGHT + "print('½ Σ 日本')",
    "honest-thread": RIGHT + "import threading\nthreading.Thread(target=print, args=('hello',)).start()",
    "honest-helper-file": "from helper import kl_discrete",
    "honest-random-py": RIGHT + "import random\nrandom.random()",
    "honest-half-by-default": RIGHT + "torch.set_default_dtype(torch.float16)",
    "honest-no-device-by-default": RIGHT + "torch.set_default_device('meta')",
    "honest-deterministic": RIGHT + "torch.use_deterministic_algorithms(True); torch.autograd.set_detect_anomaly(True)",
    "honest-inference": RIGHT + "torch.inference_mode().__enter__()",
    "honest-many-cores": RIGHT + "torch.set_num_threads(4)\ntorch.ones(999, 999) @ torch.ones(999, 999)",
    "honest-raises-on-overflow": RIGHT + "import numpy\nnumpy.seterr(all='raise')",
    "honest-warnings-are-errors": RIGHT + "import warnings\nwarnings.simplefilter('error')",
    "honest-closes-stdout": RIGHT + "import sys\nsys.stdout.close(); sys.stderr.close()",
    "honest-redirects-stdout": RIGHT + "import io, sys\nsys.stdout = io.StringIO()",
    "honest-locale": RIGHT + "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\nlocale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')",
    "honest-thirty-figures": RIGHT + "import matplotlib.pyplot as plt\nfor _ in range(30): plt.figure()",
    "honest-traces": RIGHT + "import sys\nsys.setprofile(lambda *a: None)",
    "honest-loaders": RIGHT + "from torch.utils.data import DataLoader\nlist(DataLoader(list(range(8)), 4, num_workers=2))",
    "honest-database": RIGHT + "import sqlite3\nwith sqlite3.connect('x.db') as x: x.execute('create table t (a)')",
    "honest-shadows-names": RIGHT + "grade, list, sum, print, str = 4, 4, 4, 4, 4",
    "honest-reads-stdin": RIGHT + "import sys\nsys.stdin.read()",
    "honest-awaits": RIGHT + "import asyncio\nawait asyncio.sleep(0.01)\nasyncio.run(asyncio.sleep(0.01))",
    "honest-line-ends": RIGHT.replace("\n", "\r\n"),
    "honest-coding": "# -*- coding: latin-1 -*-\n" + RIGHT,
    "honest-cache": "import functools\n@functools.lru_cache(None)" + RIGHT,
    "honest-class": (
        "class kl_discrete:\n    def __new__(cls, q, p):\n        return torch.where(q > 0, q * (q / p).log(), torch.zeros_like(q)).sum(-1)"
    ),
    "honest-partial": RIGHT.replace("(q, p)", "(r, q, p)", 1) + "import functools\nkl_discrete = functools.partial(kl_discrete, 1)",
    "honest-subnormal": RIGHT + "right = kl_discrete\ndef kl_discrete(q, p):\n    return right(q, p) + 5e-324",
}  # fmt: skip
