"""Reads damaged files one after another in a process of bounded memory and time, telling before and after each."""

from __future__ import annotations

import itertools
import json
import random
import resource
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crafted
from mutations import damage
from seeds import image as make_image
from targets import READERS, complaint

if TYPE_CHECKING:
    from collections.abc import Callable

    import SimpleITK as sitk
    from targets import Reading

_ROOM = 1 << 30
_CASE_SECONDS = 20
_MOST_GROWTH_KB = 400_000
_OUT_OF_MEMORY = ("bad_alloc", "to allocate", "memoryerror", "out of memory", "insufficient memory")


def main() -> None:
    """Run the cases from number FIRST on: worker.py CORPUS SEED FIRST NAME…; each target has its turn."""
    corpus, seed, names = Path(sys.argv[1]), sys.argv[2], sys.argv[4:]
    image = make_image()
    pristine = {name: READERS[name.split("/")[0]](corpus / name, image) for name in names}
    _limit_memory()
    folder = corpus / "case"
    for case in itertools.count(int(sys.argv[3])):
        name, number = names[case % len(names)], case // len(names)
        print(json.dumps({"start": case, "name": name, "number": number}), flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(corpus / name, folder)
        rng = random.Random(f"{seed} {name} {number}")  # noqa: S311  # to be repeated, not to be secret
        outcome = _damaged(folder, name, rng, image, pristine[name])
        print(json.dumps({"done": case, "name": name, "number": number} | outcome), flush=True)


def harmful() -> None:
    """Read files that must all be refused, from number FIRST on: worker.py --crafted CORPUS FIRST."""
    corpus, first, image = Path(sys.argv[2]), int(sys.argv[3]), make_image()
    for kind, read in READERS.items():
        for origin in sorted(corpus.glob(f"{kind}/*")):
            read(origin, image)  # so that libraries are loaded before memory is limited
    _limit_memory()
    kinds = [kind for kind in READERS if (corpus / kind).is_dir()]
    cases = [(kind, name, make) for kind in kinds for name, make in sorted(crafted.of(kind).items())]
    for case, (kind, name, make) in enumerate(cases[first:], start=first):
        place = corpus / "crafted" / kind / name.replace(" ", "_")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        make(place, corpus)
        print(json.dumps({"start": case, "name": f"{kind}: {name}"}), flush=True)
        outcome, found = _judged(READERS[kind], place, image)
        if found is not None:
            outcome |= {"outcome": "bad", "what": "read without a word"}
        if any(corpus.rglob("escaped*")) or Path("escaped").exists():
            outcome |= {"outcome": "bad", "what": "left a file"}
        print(json.dumps({"done": case, "name": f"{kind}: {name}"} | outcome), flush=True)


def _damaged(folder: Path, name: str, rng: random.Random, image: sitk.Image, pristine: Reading) -> dict[str, Any]:
    """Damage one of the files of a folder, read it, and judge what comes out."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    file = rng.choice(files)
    way = damage(file, rng)
    size = sum(one.stat().st_size for one in files)
    outcome, found = _judged(READERS[name.split("/", maxsplit=1)[0]], folder, image)
    if found is not None and outcome["outcome"] != "bad":
        what = complaint(name, way, found, pristine, size)
        outcome |= {"outcome": "bad", "what": what} if what else {"outcome": "same" if found == pristine else "other"}
    return outcome | {"way": way, "file": file.name}


def _judged(
    read: Callable[[Path, sitk.Image], Reading], folder: Path, image: sitk.Image
) -> tuple[dict[str, Any], Reading | None]:
    """Return how a reading ended (refused by radnec, read, or badly) and what was read."""
    from radnec.errors import RadnecError

    _limit_processor()
    started, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = None
    try:
        found = read(folder, image)
        outcome: dict[str, Any] = {"outcome": "read"}
    except RadnecError as error:
        outcome = {"outcome": "refused", "what": str(error)[:300]}
        if any(word in f"{error} {error.__cause__!r}".lower() for word in _OUT_OF_MEMORY):
            outcome["outcome"] = "bad"
    except Exception as error:  # noqa: BLE001  # anything else is what is looked for
        outcome = {"outcome": "bad", "what": f"{type(error).__name__}: {error}"[:300]}
        outcome["trace"] = traceback.format_exc().strip().splitlines()[-12:]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    if grown > _MOST_GROWTH_KB:
        outcome = {"outcome": "bad", "what": f"used {grown // 1000} MB more ({outcome.get('what', '')})"}
    return outcome | {"seconds": round(time.monotonic() - started, 3)}, found


def _limit_processor() -> None:
    """Allow a case so many seconds of the processor, however many others use it; the process is ended then."""
    limit = int(time.process_time()) + 1 + _CASE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _limit_memory() -> None:
    """Allow 1 GiB of address space beyond what the libraries have taken."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    harmful() if sys.argv[1] == "--crafted" else main()
