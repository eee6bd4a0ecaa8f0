// Imports of Python. A dotted name is looked for below source roots: the folder above the outermost package of the
// importing file (of a script its own folder), the root and src/ of the tree, and wherever else the first name is a
// package, or a module beside or below src/ of a pyproject.toml or setup.py. The edge leads to the deepest module; the
// packages around it are no further edges. Names of the standard library are the standard library's.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "resolve/resolver.hpp"

namespace pika::invariants {
namespace {

// sys.stdlib_module_names of CPython 3.11, without those that begin with an underscore.
constexpr auto kStandardModules = std::to_array<std::string_view>({"abc",
                                                                   "aifc",
                                                                   "antigravity",
                                                                   "argparse",
                                                                   "array",
                                                                   "ast",
                                                                   "asynchat",
                                                                   "asyncio",
                                                                   "asyncore",
                                                                   "atexit",
                                                                   "audioop",
                                                                   "base64",
                                                                   "bdb",
                                                                   "binascii",
                                                                   "bisect",
                                                                   "builtins",
                                                                   "bz2",
                                                                   "cProfile",
                                                                   "calendar",
                                                                   "cgi",
                                                                   "cgitb",
                                                                   "chunk",
                                                                   "cmath",
                                                                   "cmd",
                                                                   "code",
                                                                   "codecs",
                                                                   "codeop",
                                                                   "collections",
                                                                   "colorsys",
                                                                   "compileall",
                                                                   "concurrent",
                                                                   "configparser",
                                                                   "contextlib",
                                                                   "contextvars",
                                                                   "copy",
                                                                   "copyreg",
                                                                   "crypt",
                                                                   "csv",
                                                                   "ctypes",
                                                                   "curses",
                                                                   "dataclasses",
                                                                   "datetime",
                                                                   "dbm",
                                                                   "decimal",
                                                                   "difflib",
                                                                   "dis",
                                                                   "distutils",
                                                                   "doctest",
                                                                   "email",
                                                                   "encodings",
                                                                   "ensurepip",
                                                                   "enum",
                                                                   "errno",
                                                                   "faulthandler",
                                                                   "fcntl",
                                                                   "filecmp",
                                                                   "fileinput",
                                                                   "fnmatch",
                                                                   "fractions",
                                                                   "ftplib",
                                                                   "functools",
                                                                   "gc",
                                                                   "genericpath",
                                                                   "getopt",
                                                                   "getpass",
                                                                   "gettext",
                                                                   "glob",
                                                                   "graphlib",
                                                                   "grp",
                                                                   "gzip",
                                                                   "hashlib",
                                                                   "heapq",
                                                                   "hmac",
                                                                   "html",
                                                                   "http",
                                                                   "idlelib",
                                                                   "imaplib",
                                                                   "imghdr",
                                                                   "imp",
                                                                   "importlib",
                                                                   "inspect",
                                                                   "io",
                                                                   "ipaddress",
                                                                   "itertools",
                                                                   "json",
                                                                   "keyword",
                                                                   "lib2to3",
                                                                   "linecache",
                                                                   "locale",
                                                                   "logging",
                                                                   "lzma",
                                                                   "mailbox",
                                                                   "mailcap",
                                                                   "marshal",
                                                                   "math",
                                                                   "mimetypes",
                                                                   "mmap",
                                                                   "modulefinder",
                                                                   "msilib",
                                                                   "msvcrt",
                                                                   "multiprocessing",
                                                                   "netrc",
                                                                   "nis",
                                                                   "nntplib",
                                                                   "nt",
                                                                   "ntpath",
                                                                   "nturl2path",
                                                                   "numbers",
                                                                   "opcode",
                                                                   "operator",
                                                                   "optparse",
                                                                   "os",
                                                                   "ossaudiodev",
                                                                   "pathlib",
                                                                   "pdb",
                                                                   "pickle",
                                                                   "pickletools",
                                                                   "pipes",
                                                                   "pkgutil",
                                                                   "platform",
                                                                   "plistlib",
                                                                   "poplib",
                                                                   "posix",
                                                                   "posixpath",
                                                                   "pprint",
                                                                   "profile",
                                                                   "pstats",
                                                                   "pty",
                                                                   "pwd",
                                                                   "py_compile",
                                                                   "pyclbr",
                                                                   "pydoc",
                                                                   "pydoc_data",
                                                                   "pyexpat",
                                                                   "queue",
                                                                   "quopri",
                                                                   "random",
                                                                   "re",
                                                                   "readline",
                                                                   "reprlib",
                                                                   "resource",
                                                                   "rlcompleter",
                                                                   "runpy",
                                                                   "sched",
                                                                   "secrets",
                                                                   "select",
                                                                   "selectors",
                                                                   "shelve",
                                                                   "shlex",
                                                                   "shutil",
                                                                   "signal",
                                                                   "site",
                                                                   "smtpd",
                                                                   "smtplib",
                                                                   "sndhdr",
                                                                   "socket",
                                                                   "socketserver",
                                                                   "spwd",
                                                                   "sqlite3",
                                                                   "sre_compile",
                                                                   "sre_constants",
                                                                   "sre_parse",
                                                                   "ssl",
                                                                   "stat",
                                                                   "statistics",
                                                                   "string",
                                                                   "stringprep",
                                                                   "struct",
                                                                   "subprocess",
                                                                   "sunau",
                                                                   "symtable",
                                                                   "sys",
                                                                   "sysconfig",
                                                                   "syslog",
                                                                   "tabnanny",
                                                                   "tarfile",
                                                                   "telnetlib",
                                                                   "tempfile",
                                                                   "termios",
                                                                   "textwrap",
                                                                   "this",
                                                                   "threading",
                                                                   "time",
                                                                   "timeit",
                                                                   "tkinter",
                                                                   "token",
                                                                   "tokenize",
                                                                   "tomllib",
                                                                   "trace",
                                                                   "traceback",
                                                                   "tracemalloc",
                                                                   "tty",
                                                                   "turtle",
                                                                   "turtledemo",
                                                                   "types",
                                                                   "typing",
                                                                   "unicodedata",
                                                                   "unittest",
                                                                   "urllib",
                                                                   "uu",
                                                                   "uuid",
                                                                   "venv",
                                                                   "warnings",
                                                                   "wave",
                                                                   "weakref",
                                                                   "webbrowser",
                                                                   "winreg",
                                                                   "winsound",
                                                                   "wsgiref",
                                                                   "xdrlib",
                                                                   "xml",
                                                                   "xmlrpc",
                                                                   "zipapp",
                                                                   "zipfile",
                                                                   "zipimport",
                                                                   "zlib",
                                                                   "zoneinfo"});

std::string_view first_of(std::string_view dotted) {
  return dotted.substr(0, dotted.find('.'));
}

class Imports {
 public:
  Imports(const TreeIndex& index, Graph& graph) : index_(index), graph_(graph) {}

  void run() {
    const auto files = index_.of(Language::python);
    for (auto file : files) remember_top(file);
    for (auto file : files) {
      const auto& references = index_.tree.references(file);
      for (std::uint32_t i = 0; i < references.size(); ++i) resolve({graph_, file, i}, references[i]);
    }
  }

 private:
  struct Module {
    std::optional<Node> file;  // the deepest that is one
    std::string folder;        // where modules below it would be
    bool whole = false;        // every name was found
  };

  std::optional<Node> package(std::string_view folder) const {
    auto file = index_.file(join_path(folder, "__init__.py"));
    return file ? file : index_.file(join_path(folder, "__init__.pyi"));
  }
  std::optional<Node> module(const std::string& path) const {
    auto file = index_.file(path + ".py");
    return file ? file : index_.file(path + ".pyi");
  }

  std::string_view root_of(std::string_view path) const {
    auto folder = folder_of(path);
    while (!folder.empty() && package(folder)) folder = folder_of(folder);
    return folder;
  }

  bool is_project(std::string_view folder) const {
    for (auto name : {"pyproject.toml", "setup.py", "setup.cfg"})
      if (index_.file(join_path(folder, name))) return true;
    return false;
  }

  void remember_top(Node file) {
    const std::string_view path = index_.path(file);
    const auto root = root_of(path);
    auto top = path.substr(root.empty() ? 0 : root.size() + 1);
    const bool is_package = top.find('/') != top.npos;
    top = top.substr(0, top.find_first_of("/."));
    const bool source = (name_in(root) == "src" || name_in(root) == "lib") && is_project(folder_of(root));
    if (is_package || source || is_project(root)) tops_[top].insert(root);
  }

  Module find(std::string_view root, std::string_view dotted) const {
    Module found{std::nullopt, std::string(root), true};
    while (!dotted.empty()) {
      const auto name = first_of(dotted);
      dotted.remove_prefix(std::min(name.size() + 1, dotted.size()));
      auto below = join_path(found.folder, name);
      if (auto file = package(below)) {
        found.file = file;
      } else if (auto single = module(below)) {
        return {single, std::move(below), dotted.empty()};
      } else if (!index_.folder(below)) {
        found.whole = false;
        return found;
      }
      found.folder = std::move(below);
    }
    return found;
  }

  // The module a reference stands for below one root.
  std::optional<Node> target(std::string_view root, std::string_view dotted, std::string_view name) const {
    const auto found = find(root, dotted);
    if (found.whole && !name.empty() && name != "*") {
      const auto below = join_path(found.folder, name);
      if (auto file = package(below)) return file;
      if (auto file = module(below)) return file;
    }
    return found.file;
  }

  void resolve(const Take& take, const Reference& reference) {
    const auto& path = index_.path(take.from);
    const std::string_view name = reference.kind == RefKind::python_from ? std::string_view(reference.context) : "";
    std::string_view dotted = reference.text;
    if (dotted.starts_with('.')) {
      auto base = folder_of(path);
      for (dotted.remove_prefix(1); dotted.starts_with('.'); dotted.remove_prefix(1)) {
        if (base.empty()) return take.dangling();
        base = folder_of(base);
      }
      auto file = target(base, dotted, name);
      if (!file && dotted.empty()) file = package(base);
      file ? take.edge(*file) : take.dangling();
      return;
    }
    const auto root = root_of(path);
    auto key = std::string(root) + "\n" + reference.text + "\n" + std::string(name);
    auto [known, is_new] = known_.try_emplace(std::move(key));
    if (is_new) known->second = absolute(root, dotted, name, root == folder_of(path));
    if (known->second) take.edge(*known->second);
  }

  std::optional<Node> absolute(std::string_view own, std::string_view dotted, std::string_view name,
                               bool script) const {
    const auto top = first_of(dotted);
    const bool standard = std::binary_search(kStandardModules.begin(), kStandardModules.end(), top);
    if (standard && !(script && module(join_path(own, top)))) return std::nullopt;
    std::vector<std::string_view> roots = {own, "", "src"};
    if (auto known = tops_.find(top); known != tops_.end()) {
      // The nearest first: a monorepo may have one package name twice.
      std::vector<std::string_view> others(known->second.begin(), known->second.end());
      const auto far = [&](auto root) { return root.substr(0, root.find('/')) != own.substr(0, own.find('/')); };
      std::sort(others.begin(), others.end(),
                [&](auto a, auto b) { return std::pair(far(a), a) < std::pair(far(b), b); });
      roots.insert(roots.end(), others.begin(), others.end());
    }
    for (auto root : roots)
      if (auto file = target(root, dotted, name)) return file;
    return std::nullopt;
  }

  const TreeIndex& index_;
  Graph& graph_;
  std::map<std::string_view, std::set<std::string_view>> tops_;  // first names and the roots they are below
  std::unordered_map<std::string, std::optional<Node>> known_;
};

}  // namespace

void resolve_python(const TreeIndex& index, Graph& graph) {
  Imports(index, graph).run();
}

}  // namespace pika::invariants
