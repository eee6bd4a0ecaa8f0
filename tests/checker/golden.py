#!/usr/bin/env python3
"""Twelve kinds of change, made here from small repositories: the page of each, word for word, and checked from outside.

    golden.py EXPLAIN [--update] [NAME...]

The pages are golden/NAME.md; --update writes them anew, and then a person reads the difference.
"""
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_tutorial  # noqa: E402

GOLDEN = pathlib.Path(__file__).parent / "golden"


class Project:
    """A repository; each call of commit() is one."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.day = 0
        self.git("init", "-q", "-b", "main")

    def git(self, *words):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
                       "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@x", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@x",
                       "GIT_AUTHOR_DATE": f"{1700000000 + self.day} +0000", "GIT_COMMITTER_DATE": f"{1700000000 + self.day} +0000"}
        return subprocess.run(["git", "-C", self.folder, *words], check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name, *pairs):
        text = (self.folder / name).read_text()
        for old, new in pairs:
            assert text.count(old) >= 1, (name, old)
            text = text.replace(old, new)
        self.write(name, text)

    def commit(self, message):
        self.day += 1
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


STORE_H = """#pragma once
#include <map>
#include <optional>
#include <string>

// Keeps values by name.
class Store {
 public:
  void put(const std::string& name, int value);
  std::optional<int> find(const std::string& name) const;

 private:
  std::map<std::string, int> values_;
};
"""
STORE_CPP = """#include "store.h"

void Store::put(const std::string& name, int value) {
  values_[name] = value;
}

std::optional<int> Store::find(const std::string& name) const {
  auto at = values_.find(name);
  if (at == values_.end()) return std::nullopt;
  return at->second;
}
"""
STORE_TEST = """#include "store.h"

#include <cassert>

int main() {
  Store store;
  store.put("a", 1);
  assert(store.find("a") == 1);
  assert(!store.find("b"));
}
"""
CMAKE = """cmake_minimum_required(VERSION 3.20)
project(store CXX)
add_library(store src/store.cpp)
target_include_directories(store PUBLIC src)
add_executable(store_test tests/store_test.cpp)
target_link_libraries(store_test store)
"""


def store(p):
    p.write("CMakeLists.txt", CMAKE)
    p.write("src/store.h", STORE_H)
    p.write("src/store.cpp", STORE_CPP)
    p.write("tests/store_test.cpp", STORE_TEST)
    p.write("README.md", "# Store\n\nKeeps values by name.\n")
    return p.commit("A store")


def feature(p):
    base = store(p)
    p.edit("src/store.h", ("  std::optional<int> find", "  // Forgets a value; false when there was none.\n  bool remove(const std::string& name);\n  std::size_t size() const;\n  std::optional<int> find"))
    p.edit("src/store.cpp", ("std::optional<int> Store::find", "bool Store::remove(const std::string& name) {\n  return values_.erase(name) > 0;\n}\n\n"
                             "std::size_t Store::size() const {\n  return values_.size();\n}\n\nstd::optional<int> Store::find"))
    p.write("src/expire.h", "#pragma once\n#include \"store.h\"\n\n// Removes what is listed; how many there were.\nint expire(Store& store, const std::map<std::string, bool>& old);\n")
    p.write("src/expire.cpp", "#include \"expire.h\"\n\nint expire(Store& store, const std::map<std::string, bool>& old) {\n  int removed = 0;\n"
            "  for (const auto& [name, gone] : old)\n    if (gone && store.remove(name)) ++removed;\n  return removed;\n}\n")
    p.edit("CMakeLists.txt", ("src/store.cpp)", "src/store.cpp src/expire.cpp)"))
    p.edit("tests/store_test.cpp", ("  assert(!store.find(\"b\"));\n", "  assert(!store.find(\"b\"));\n  assert(store.remove(\"a\"));\n  assert(store.size() == 0);\n"))
    p.edit("README.md", ("Keeps values by name.", "Keeps values by name, and forgets them."))
    return base, p.commit("Forget values\n\nA store grew for ever: nothing could be removed. Values can be removed one by one\nor as a list of old ones.")


def fix(p):
    base = store(p)
    p.edit("src/store.cpp", ("  values_[name] = value;\n", "  if (name.empty()) return;\n  values_[name] = value;\n"))
    p.edit("tests/store_test.cpp", ("  assert(!store.find(\"b\"));\n", "  assert(!store.find(\"b\"));\n  store.put(\"\", 2);\n  assert(!store.find(\"\"));\n"))
    return base, p.commit("Ignore values without a name\n\nAn empty name was kept and could never be shown.")


def refactor(p):
    p.write("app/report.py", """import csv


def load(path):
    with open(path) as file:
        return list(csv.reader(file))


def total(rows):
    result = 0
    for row in rows:
        result += int(row[1])
    return result


def average(rows):
    if not rows:
        return 0
    return total(rows) / len(rows)


def report(path):
    rows = load(path)
    print("total", total(rows))
    print("average", average(rows))
""")
    p.write("app/__init__.py", "")
    base = p.commit("Reports")
    p.write("app/figures.py", """def total(rows):
    result = 0
    for row in rows:
        result += int(row[1])
    return result


def average(rows):
    if not rows:
        return 0
    return total(rows) / len(rows)
""")
    p.write("app/report.py", """import csv

from app.figures import average, total


def load(path):
    with open(path) as file:
        return list(csv.reader(file))


def report(path):
    rows = load(path)
    print("total", total(rows))
    print("average", average(rows))
""")
    return base, p.commit("Move the figures into a module of their own")


def rename(p):
    base = store(p)
    p.git("mv", "src/store.h", "src/registry.h")
    p.git("mv", "src/store.cpp", "src/registry.cpp")
    p.git("mv", "tests/store_test.cpp", "tests/registry_test.cpp")
    for name in ("src/registry.h", "src/registry.cpp", "tests/registry_test.cpp"):
        p.edit(name, ("Store", "Registry")) if name.endswith("h") else p.edit(name, ("Store", "Registry"), ("store.h", "registry.h"))
    p.edit("CMakeLists.txt", ("src/store.cpp", "src/registry.cpp"), ("tests/store_test.cpp", "tests/registry_test.cpp"))
    p.edit("README.md", ("# Store", "# Registry"))
    return base, p.commit("Rename Store to Registry")


def docs(p):
    base = store(p)
    p.edit("README.md", ("Keeps values by name.\n", "Keeps values by name.\n"), ("# Store", "# Store\n\nA library of one class."))
    p.write("docs/usage.md", "# Usage\n\nLink `store`, then:\n\n    Store store;\n    store.put(\"a\", 1);\n\n## Limits\n\nValues are integers.\n")
    return base, p.commit("Say how it is used")


def dependencies(p):
    p.write("Cargo.toml", '[package]\nname = "web"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nserde = "1.0.190"\ntokio = { version = "1.33", features = ["rt"] }\nlog = "0.4"\n')
    lock = "# This file is automatically @generated by Cargo.\nversion = 3\n"
    packages = {"serde": ("1.0.190", "a"), "tokio": ("1.33.0", "b"), "log": ("0.4.20", "c")}

    def text(which):
        return lock + "".join(f'\n[[package]]\nname = "{n}"\nversion = "{v}"\nsource = "registry+https://index.example/"\nchecksum = "{c * 64}"\n' for n, (v, c) in sorted(which.items()))

    p.write("Cargo.lock", text(packages))
    p.write("src/main.rs", "fn main() {\n    log::info!(\"up\");\n}\n")
    base = p.commit("A web program")
    p.edit("Cargo.toml", ('"1.0.190"', '"1.0.210"'), ('"1.33"', '"1.40"'), ('log = "0.4"\n', 'tracing = "0.1"\n'))
    p.write("Cargo.lock", text({"serde": ("1.0.210", "d"), "tokio": ("1.40.0", "e"), "tracing": ("0.1.40", "f")}))
    return base, p.commit("Newer dependencies, and tracing in place of log")


def generated(p):
    p.write("api/schema.proto", 'syntax = "proto3";\n\nmessage User {\n  string name = 1;\n}\n')
    body = "".join(f"func (x *User) Get{i}() int {{\n\treturn {i}\n}}\n\n" for i in range(12))
    p.write("api/schema.pb.go", "// Code generated by protoc-gen-go. DO NOT EDIT.\n\npackage api\n\ntype User struct {\n\tName string\n}\n\n" + body)
    p.write("go.mod", "module example.org/api\n\ngo 1.21\n")
    base = p.commit("Users")
    p.edit("api/schema.proto", ("  string name = 1;\n", "  string name = 1;\n  string mail = 2;\n"))
    more = "".join(f"func (x *User) Mail{i}() int {{\n\treturn {i}\n}}\n\n" for i in range(12))
    p.edit("api/schema.pb.go", ("\tName string\n", "\tName string\n\tMail string\n"))
    p.write("api/schema.pb.go", (p.folder / "api/schema.pb.go").read_text() + more)
    return base, p.commit("Users have a mail address")


def many(p):
    p.write("Cargo.toml", '[package]\nname = "shop"\nversion = "0.1.0"\n')
    for i in range(200):
        p.write(f"src/part{i % 10}/item{i}.rs", f"use crate::log::print_line;\n\npub fn item{i}() -> u32 {{\n    print_line(\"item {i}\");\n    {i}\n}}\n")
    p.write("src/log.rs", "pub fn print_line(text: &str) {\n    println!(\"{}\", text);\n}\n")
    base = p.commit("A shop")
    for i in range(200):
        p.edit(f"src/part{i % 10}/item{i}.rs", ("print_line", "log_line"))
    p.edit("src/log.rs", ("print_line", "log_line"))
    p.edit("src/part3/item3.rs", ("    3\n", "    4\n"))
    return base, p.commit("Rename print_line to log_line")


def one_line(p):
    base = store(p)
    p.edit("src/store.cpp", ("return std::nullopt;", "return 0;"))
    return base, p.commit("Answer 0 for what is not there")


def three_concerns(p):
    p.write("server/main.go", "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(Handle(\"x\"))\n}\n")
    p.write("server/handle.go", "package main\n\nfunc Handle(path string) int {\n\tif path == \"\" {\n\t\treturn 404\n\t}\n\treturn 200\n}\n")
    p.write("server/handle_test.go", "package main\n\nimport \"testing\"\n\nfunc TestHandle(t *testing.T) {\n\tif Handle(\"\") != 404 {\n\t\tt.Fatal()\n\t}\n}\n")
    p.write("go.mod", "module example.org/server\n\ngo 1.21\n")
    p.write("web/app.ts", "export function title(name: string): string {\n  return `Hello ${name}`;\n}\n")
    p.write(".github/workflows/ci.yml", "on: push\njobs:\n  test:\n    runs-on: ubuntu-22.04\n    steps:\n      - run: go test ./...\n")
    base = p.commit("A server")
    p.edit("server/handle.go", ("\treturn 200\n", "\tif len(path) > 1024 {\n\t\treturn 414\n\t}\n\treturn 200\n"))
    p.edit("server/handle_test.go", ("\t}\n}\n", "\t}\n}\n\nfunc TestLongPath(t *testing.T) {\n\tif Handle(string(make([]byte, 2000))) != 414 {\n\t\tt.Fatal()\n\t}\n}\n"))
    p.commit("Refuse long paths")
    p.edit("web/app.ts", ("Hello ${name}", "Welcome, ${name}"))
    p.write("web/badge.ts", "export function badge(count: number): string {\n  return count > 9 ? \"9+\" : String(count);\n}\n")
    p.commit("Greet by a badge")
    p.edit(".github/workflows/ci.yml", ("ubuntu-22.04", "ubuntu-24.04"))
    return base, p.commit("CI: the newer image")


def same_edit(p):
    def text(name, guard):
        return f"import {{ open }} from '../db';\n\nexport function {name}(id: number) {{\n  if (id < {guard}) return null;\n  return open('{name}').get(id);\n}}\n"

    names = ["users", "orders", "items", "carts", "prices", "stores", "taxes", "offers"]
    for name in names:
        p.write(f"src/{name}/read.ts", text(name, 1))
    p.write("src/db.ts", "export function open(table: string) {\n  return { get: (id: number) => [table, id] };\n}\n")
    base = p.commit("Tables")
    for name in names:
        p.write(f"src/{name}/read.ts", text(name, 0 if name == "prices" else 1).replace("return open(", "return table("))
        p.edit(f"src/{name}/read.ts", ("{ open }", "{ table }"))
    p.edit("src/db.ts", ("function open", "function table"), ("table: string", "name: string"), ("[table, id]", "[name, id]"))
    return base, p.commit("Tables are not opened\n\nReviewed-by: Grace <g@x>")


def modules(p):
    def rows(n):
        return "".join(f"    total += weigh({i}, limit);\n" for i in range(n))

    def function(head, n):
        return f"{head} {{\n    let mut total = 0;\n{rows(n)}    total\n}}\n"

    p.write("Cargo.toml", '[package]\nname = "scale"\nversion = "0.1.0"\n')
    p.write("src/main.rs", function("fn light(limit: u32) -> u32", 60) + "\n" + function("fn heavy(limit: u32) -> u32", 50) +
            "\nfn weigh(n: u32, limit: u32) -> u32 {\n    n.min(limit)\n}\n\nfn main() {\n    println!(\"{} {}\", light(3), heavy(4));\n}\n")
    base = p.commit("A scale")
    p.write("src/main.rs", "mod sums;\n\nuse sums::{heavy, light};\n\nfn weigh(n: u32, limit: u32) -> u32 {\n    n.min(limit)\n}\n\nfn main() {\n    println!(\"{} {}\", light(3), heavy(4));\n}\n")
    p.write("src/sums.rs", "use crate::weigh;\n\n" + function("pub fn light(limit: u32) -> u32", 60) + "\n" + function("pub fn heavy(limit: u32) -> u32", 50))
    return base, p.commit("Break main into modules")


KINDS = [feature, fix, refactor, rename, docs, dependencies, generated, many, one_line, three_concerns, same_edit, modules]


def page(program, kind):
    """(text, faults of the independent checker)"""
    with tempfile.TemporaryDirectory() as folder:
        base, head = kind(Project(folder))
        faults, _ = check_tutorial.run_program(program, folder, base, head)
        return subprocess.run([program, folder, base, head, "md"], check=True, capture_output=True).stdout.decode(), faults


def main(words):
    update, names = "--update" in words, [w for w in words[1:] if not w.startswith("--")]
    failed = 0
    for kind in KINDS:
        name = kind.__name__
        if names and name not in names:
            continue
        text, faults = page(words[0], kind)
        for fault in faults:
            print(f"{name}: FAULT {fault}")
        failed += bool(faults)
        golden = GOLDEN / f"{name}.md"
        if update:
            golden.write_text(text)
        elif not golden.exists() or golden.read_text() != text:
            failed += 1
            before = golden.read_text().splitlines() if golden.exists() else []
            print("\n".join(difflib.unified_diff(before, text.splitlines(), f"golden/{name}.md", "now", lineterm="")))
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
