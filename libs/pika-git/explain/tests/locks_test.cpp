// Lock files: what they pin is told; they are folded only where nothing of others changes.
#include <doctest/doctest.h>

#include "scratch.hpp"

using namespace pika;
using namespace pika::explain;

namespace {

std::string cargo(const std::string& own, const std::string& version, const std::string& hash,
                  const std::string& head = "version = 3\n") {
  return head + "\n[[package]]\nname = \"app\"\nversion = \"" + own + "\"\ndependencies = [\n \"serde\",\n]\n" +
         "\n[[package]]\nname = \"serde\"\nversion = \"" + version +
         "\"\nsource = \"registry+https://index.example\"\nchecksum = \"" + hash + "\"\n";
}

std::string npm(const std::string& own, const std::string& version, const std::string& hash) {
  return "{\n \"name\": \"app\",\n \"lockfileVersion\": 3,\n \"packages\": {\n  \"\": {\n   \"version\": \"" + own +
         "\"\n  },\n  \"node_modules/left\": {\n   \"version\": \"" + version + "\",\n   \"integrity\": \"" + hash +
         "\"\n  }\n }\n}\n";
}

Tutorial told(const std::string& name, const std::string& before, const std::string& after) {
  Scratch s;
  s.write(name, before);
  auto a = s.commit("base");
  s.write(name, after);
  auto b = s.commit("head");
  auto e = s.explain(a, b);
  check_promises(e);
  return e.tutorial;
}

bool says(const Tutorial& t, const std::string& words) {
  return t.steps.at(0).body_markdown.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a lock file in which only the repository's own packages differ is folded, and else never") {
  CHECK(told("Cargo.lock", cargo("1.0", "1.0", "aa"), cargo("1.1", "1.0", "aa")).lines_to_read == 0);
  CHECK(told("package-lock.json", npm("1.0", "1.0", "aa"), npm("1.1", "1.0", "aa")).lines_to_read == 0);
  for (auto [version, hash] : {std::pair("1.1", "aa"), std::pair("1.0", "bb"), std::pair("1.1", "bb")}) {
    CHECK(told("Cargo.lock", cargo("1.0", "1.0", "aa"), cargo("1.1", version, hash)).lines_folded == 0);
    CHECK(told("package-lock.json", npm("1.0", "1.0", "aa"), npm("1.1", version, hash)).lines_folded == 0);
  }
  // What is no package, a source that went, what cannot be read.
  CHECK(told("Cargo.lock", cargo("1.0", "1.0", "aa"), cargo("1.1", "1.0", "aa", "version = 4\n")).lines_folded == 0);
  auto text = cargo("1.1", "1.0", "aa"), source = std::string("source = \"registry+https://index.example\"\n");
  text.erase(text.find(source), source.size());
  CHECK(told("Cargo.lock", cargo("1.0", "1.0", "aa"), text).lines_folded == 0);
  CHECK(told("package-lock.json", npm("1.0", "1.0", "aa"), npm("1.1", "1.0", "aa") + "{").lines_folded == 0);
  CHECK(told("go.sum", "a v1 h1:aa\n", "a v1 h1:bb\n").lines_folded == 0);
  // Poetry does not say whose a package is.
  CHECK(told("poetry.lock", cargo("1.0", "1.0", "aa"), cargo("1.1", "1.0", "aa")).lines_folded == 0);
}

TEST_CASE("the packages that a lock file pins otherwise are told by their versions") {
  CHECK(says(told("Cargo.lock", cargo("1.0", "1.0", "aa"), cargo("1.0", "1.2", "bb")),
             "- changes `serde` 1\\.0 to 1\\.2"));
  CHECK(says(told("package-lock.json", npm("1.0", "1.0", "aa"), npm("1.0", "1.0", "bb")),
             "- changes `left` 1\\.0, not its version"));
  auto more = cargo("1.0", "1.0", "aa") + "\n[[package]]\nname = \"new\"\nversion = \"0.1\"\nsource = \"x\"\n";
  CHECK(says(told("Cargo.lock", cargo("1.0", "1.0", "aa"), more), "- adds `new` 0\\.1"));
  CHECK(says(told("Cargo.lock", more, cargo("1.0", "1.0", "aa")), "- drops `new` 0\\.1"));
}

TEST_CASE("of several versions of a package the one that stays is neither added nor dropped") {
  auto block = [](const std::string& version, const std::string& needs) {
    return "\n[[package]]\nname = \"automata\"\nversion = \"" + version + "\"\nsource = \"r\"\ndependencies = [\n \"" +
           needs + "\",\n]\n";
  };
  auto t = told("Cargo.lock", "version = 3\n" + block("0.3.7", "a"),
                "version = 3\n" + block("0.3.7", "b") + block("0.4.3", "a"));
  CHECK(says(t, "- adds `automata` 0\\.4.3\n"));
  CHECK(says(t, "- changes `automata` 0\\.3.7, not its version\n"));
  CHECK_FALSE(says(t, "drops"));
}

TEST_CASE("a lock file that says the same in a way that its tool does not write, or says it twice, is not folded") {
  const auto plain = cargo("1.0", "1.0", "aa");
  const std::string evil = "\n[[package]]\nname = \"evil\"\nversion = \"1.0\"\n";
  for (const std::string source : {"source=\"x\"\n", "\"source\" = \"x\"\n", "source = 'x'\n", "source =\t\"x\"\n"})
    CHECK(told("Cargo.lock", plain, plain + evil + source).lines_folded == 0);
  CHECK(told("Cargo.lock", plain, plain + evil).lines_to_read == 0);  // one of its own
  auto with = [](const std::string& more) {
    auto text = npm("1.0", "1.0", "aa");
    return text.replace(text.find(" \"packages\""), 0, more);
  };
  const auto old = with("");
  CHECK(told("package-lock.json", old, with(" \"packages\": {},\n")).lines_folded == 0);
  // What older npm reads, and a package in a folder of the repository that comes from elsewhere.
  CHECK(told("package-lock.json", old, with(" \"dependencies\": {\"left\": {\"resolved\": \"x\"}},\n")).lines_folded ==
        0);
  CHECK(told("package-lock.json", old, with(" \"overrides\": {},\n")).lines_folded == 0);
  auto own = old;
  own.replace(own.find("\"node_modules/left\""), 0, "\"vendor/x\": {\"resolved\": \"x\"},\n  ");
  CHECK(told("package-lock.json", old, own).lines_folded == 0);
}
