"""The house checks catch what they should, and let pass what they should."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import house

ROOMS = """
function(add_room name)
endfunction()
add_room(base LIBRARIES OpenSSL::Crypto)
add_room(io   USES base LIBRARIES hdf5)
add_room(nets USES base
              INCLUDES ${X} TORCH)
add_room(cli  USES base io)
"""


class House(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("cmake/rooms.cmake", ROOMS)
        self.write("src/cellverdict/base/error.h", "#pragma once\n#include <string>\n")
        self.write("src/cellverdict/io/h5ad.h", "#pragma once\n#include <cellverdict/base/error.h>\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def breaches(self):
        return house.check(self.root)[0]

    def assert_caught(self, path, text, *words):
        self.write(path, text)
        found = self.breaches()
        self.assertEqual(len(found), 1, found)
        for word in (path, *words):
            self.assertIn(word, found[0])

    def test_a_clean_tree_passes(self):
        self.assertEqual(self.breaches(), [])

    def test_arrows_are_read_with_their_line_breaks(self):
        self.assertEqual(house.arrows(self.root), {"base": set(), "io": {"base"}, "nets": {"base"}, "cli": {"base", "io"}})

    def test_an_include_against_the_arrows_is_caught(self):
        self.assert_caught("src/cellverdict/base/a.cpp", "\n#include <cellverdict/io/h5ad.h>\n", ":2:", "does not let base use io")

    def test_an_include_of_nothing_is_caught(self):
        self.assert_caught("src/cellverdict/io/a.cpp", "#include <cellverdict/base/gone.h>\n", "does not exist")

    def test_arrows_that_go_round_are_caught(self):
        self.write("cmake/rooms.cmake", ROOMS.replace("add_room(base ", "add_room(base USES cli "))
        self.assertTrue(any("go round" in b for b in self.breaches()))

    def test_a_room_without_arrows_is_caught(self):
        self.assert_caught("src/cellverdict/cellar/a.cpp", "\n", "not in cmake/rooms.cmake")

    def test_a_long_file_is_caught_and_a_middling_one_noted(self):
        self.write("src/cellverdict/io/b.cpp", "\n" * 401)
        self.assertEqual(self.breaches(), [])
        self.assertTrue(any("soft limit" in n for n in house.check(self.root)[1]))
        self.assert_caught("src/cellverdict/io/a.cpp", "\n" * 601, "601 lines")

    def test_torch_outside_its_rooms_is_caught(self):
        self.assert_caught("src/cellverdict/io/a.cpp", "#include <torch/torch.h>\n", "outside explain, nets, train")

    def test_torch_in_its_rooms_passes_in_headers_too(self):
        self.write("src/cellverdict/nets/a.h", "#pragma once\n#include <torch/torch.h>\n")
        self.assertEqual(self.breaches(), [])

    def test_third_party_headers_in_headers_are_caught(self):
        for line in ("#include <nlohmann/json.hpp>", "#include <hdf5.h>", '#include "fmt/core.h"', "# include <unistd.h>"):
            with self.subTest(line):
                self.assert_caught("src/cellverdict/io/a.h", f"#pragma once\n{line}\n", "third-party")

    def test_third_party_headers_in_sources_pass(self):
        self.write("src/cellverdict/io/a.cpp", "#include <hdf5.h>\n")
        self.assertEqual(self.breaches(), [])

    def test_a_header_without_guard_is_caught(self):
        self.assert_caught("src/cellverdict/io/a.h", "\n", "#pragma once")

    def test_printing_exiting_and_aborting_are_caught(self):
        for line in ('std::cout << "x";', "std::cerr << 1;", 'printf("x");', 'std::fprintf(stderr, "x");', "exit(1);", "std::abort ();",
                     'fmt::print("x");', "  std::exit(0);"):
            with self.subTest(line):
                self.assert_caught("src/cellverdict/io/a.cpp", f"void f() {{\n{line}\n}}\n", ":2:", "never prints")

    def test_words_that_only_look_like_printing_pass(self):
        self.write("src/cellverdict/io/a.cpp", """
        // exit(1) would be wrong here; so would std::cout
        /* abort() */ int n = 1'000'000;
        const char* s = "exit(1) \\" abort()"; const char* r = R"(std::cout "x)"; char c = '"'; int d = error.exit_code();
        snprintf(buffer, 3, "x"); loop.exit(1); p->abort(); int on_exit(int); char e = '\\'';
        """)
        self.assertEqual(self.breaches(), [])

    def test_the_cli_may_print(self):
        self.write("src/cellverdict/cli/main.cpp", "int main() { std::cout << 1; }\n")
        self.assertEqual(self.breaches(), [])

    def test_a_path_of_one_machine_is_caught(self):
        for folder in ("wo" + "rk", "op" + "t", "ho" + "me", "ro" + "ot"):
            with self.subTest(folder):
                self.assert_caught("docs/a.md", f"see\n/{folder}/someone/file\n", ":2:", "path of one machine")

    def test_paths_that_only_look_like_it_pass(self):
        self.write("docs/a.md", "train/" + "work/x  $HOME/" + "opt/x  ../" + "home/x  https://a.org/" + "work/x\n")
        self.assertEqual(self.breaches(), [])

    def test_a_large_file_is_caught(self):
        self.assert_caught("tests/data.bin", "x" * 1_000_001, "data do not belong")


if __name__ == "__main__":
    unittest.main()
