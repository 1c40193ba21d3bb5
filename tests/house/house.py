"""The rules of the house that no compiler checks. Prints each breach as `path:line: sentence` and fails when there is one.

usage: house.py [ROOT]
"""

import re
import subprocess
import sys
from pathlib import Path

TORCH_ROOMS = {"nets", "train", "explain"}
TALKING_ROOMS = {"cli"}  # the only room that may print and exit
HARD_LINES, SOFT_LINES = 600, 400
LARGEST_TRACKED = 1_000_000  # bytes; figures for the documentation fit, data do not

# C++20's headers, with the C ones: what the header of a torch-free room may include besides the project's own.
STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath
codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime
cuchar cwchar cwctype deque exception execution filesystem forward_list fstream functional future initializer_list iomanip ios
iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream
queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
stop_token streambuf string string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
unordered_set utility valarray variant vector version
""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
TORCH_INCLUDE = re.compile(r"^(torch|ATen|c10)/")
NOISE = re.compile(r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(?:std::)?(printf|fprintf|vprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit"
                   r"|abort|terminate)\s*\(|\bfmt::print(ln)?\s*\(")
# Put together from halves, so that this file does not trip over itself.
MACHINE_PATH = re.compile(r"(?<![\w.}$)*~-])/(?:" + "|".join(["wo" + "rk", "op" + "t", "ho" + "me", "ro" + "ot", "Us" + "ers"]) + r")/[\w.-]")
TEXT = {".cpp", ".h", ".py", ".md", ".txt", ".cmake", ".json", ".toml", ".sh", ".yml", ".yaml", ".cfg", ".in", ".html", ".css", ".js",
        ".csv", ".tsv", ""}

# Comments, then string and character literals (raw ones first): blanked, line breaks kept.
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\s\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_only(text: str) -> str:
    return TOKEN.sub(lambda m: "\n" * m[0].count("\n") or " ", text)


def without_comments(text: str) -> str:
    """For include lines, whose names are literals of a kind."""
    return TOKEN.sub(lambda m: m[0] if m[0][0] not in "/" else "\n" * m[0].count("\n") or " ", text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def arrows(root: Path) -> dict[str, set[str]]:
    """room → the rooms it may use, from the add_room calls of cmake/rooms.cmake."""
    text = re.sub(r"#[^\n]*", "", (root / "cmake/rooms.cmake").read_text())
    found = {}
    for call in re.finditer(r"add_room\((\w+)([^)]*)\)", text):
        words, uses = call[2].split(), set()
        if "USES" in words:
            for word in words[words.index("USES") + 1:]:
                if not word.islower():
                    break
                uses.add(word)
        if call[1] != "name":
            found[call[1]] = uses
    return found


def order_of(uses: dict[str, set[str]]) -> list[str]:
    """Complaints about arrows that go round or point at no room."""
    said, done = [], set()

    def visit(room: str, path: list[str]) -> None:
        if room in path:
            said.append(f"cmake/rooms.cmake:1: the arrows go round: {' -> '.join(path[path.index(room):] + [room])}")
        elif room not in done:
            for used in sorted(uses.get(room, ())):
                if used not in uses:
                    said.append(f"cmake/rooms.cmake:1: {room} uses {used}, which is no room")
                visit(used, [*path, room])
            done.add(room)

    for room in uses:
        visit(room, [])
    return said


def check_source(path: Path, room: str, uses: dict[str, set[str]], name: str, sources: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    said = []
    lines = text.count("\n")
    if lines > HARD_LINES:
        said.append(f"{name}:{HARD_LINES}: {lines} lines, at most {HARD_LINES}")
    if path.suffix == ".h" and "#pragma once" not in text:
        said.append(f"{name}:1: no #pragma once")
    listing = without_comments(text)
    for match in INCLUDE.finditer(listing):
        target, line = match[1], line_of(listing, match.start(1))
        own = re.match(r"cellverdict/(?:(\w+)/)?", target)
        if own:
            other = own[1]
            if other and other != room and other not in uses.get(room, set()):
                said.append(f"{name}:{line}: {room} includes {target}, but cmake/rooms.cmake does not let {room} use {other}")
            if not (sources / target).exists():
                said.append(f"{name}:{line}: {target} does not exist")
        elif TORCH_INCLUDE.match(target) and room not in TORCH_ROOMS:
            said.append(f"{name}:{line}: {target} outside {', '.join(sorted(TORCH_ROOMS))}")
        elif path.suffix == ".h" and target not in STANDARD and not (TORCH_INCLUDE.match(target) and room in TORCH_ROOMS):
            said.append(f"{name}:{line}: a header includes {target}; third-party headers belong in .cpp files")
    if room not in TALKING_ROOMS:
        code = code_only(text)
        for match in NOISE.finditer(code):
            said.append(f"{name}:{line_of(code, match.start())}: '{match[0].strip()}…': the library never prints, exits or aborts")
    return said


def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [root / f for f in listed.stdout.split("\0") if f]
    skipped = {"build", ".venv", ".git", "demo", "runs", ".cache", "__pycache__"}
    return [p for p in root.rglob("*") if p.is_file() and not skipped & set(p.relative_to(root).parts)]


def check_tracked(path: Path, name: str) -> list[str]:
    if not path.is_file():
        return []
    said = []
    if path.stat().st_size > LARGEST_TRACKED:
        said.append(f"{name}:1: {path.stat().st_size:,} bytes; data do not belong in the project")
    elif path.suffix in TEXT:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return said
        for match in MACHINE_PATH.finditer(text):
            said.append(f"{name}:{line_of(text, match.start())}: '{match[0]}…' is a path of one machine")
    return said


def check(root: Path) -> tuple[list[str], list[str]]:
    """Breaches and notes."""
    uses = arrows(root)
    breaches, notes = order_of(uses), []
    used_by: dict[str, set[str]] = {room: set() for room in uses}
    base = root / "src/cellverdict"
    for path in sorted([*base.rglob("*.h"), *base.rglob("*.cpp")]):
        name, room = str(path.relative_to(root)), path.relative_to(base).parts[0]
        if path.parent == base:
            continue  # what belongs to no room, such as a version header
        if room not in uses:
            breaches.append(f"{name}:1: the room {room} is not in cmake/rooms.cmake")
            continue
        breaches += check_source(path, room, uses, name, base.parent)
        text = path.read_text(encoding="utf-8")
        used_by[room] |= set(re.findall(r"#include <cellverdict/(\w+)/", text)) - {room}
        if SOFT_LINES < text.count("\n") <= HARD_LINES:
            notes.append(f"{name}: {text.count(chr(10))} lines, over the soft limit of {SOFT_LINES}")
    for room, others in uses.items():
        unused = others - used_by[room]
        if unused and (base / room).is_dir():
            notes.append(f"cmake/rooms.cmake: {room} may use {', '.join(sorted(unused))} and does not")
    for path in tracked(root):
        breaches += check_tracked(path, str(path.relative_to(root)))
    return breaches, notes


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    breaches, notes = check(root)
    for note in notes:
        print(f"note: {note}")
    for breach in breaches:
        print(breach)
    print(f"{len(breaches)} breaches, {len(notes)} notes")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
