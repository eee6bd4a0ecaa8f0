// Words in texts, owners of files, and the store between runs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "pika/base/files.hpp"
#include "pika/invariants/owners.hpp"
#include "pika/invariants/store.hpp"
#include "pika/invariants/tree.hpp"

using namespace pika::invariants;

namespace {

// "line:column" of each mention, with commas.
std::string mentions(const std::string& text, const std::vector<std::string>& words) {
  std::string all;
  for (const auto& mention : find_mentions(text, words))
    all += fmt::format("{}{}:{}", all.empty() ? "" : ",", mention.line, mention.column);
  return all;
}

}  // namespace

TEST_CASE("a word is found alone and as a part of an identifier, and not inside another word") {
  CHECK(mentions("forge", {"forge"}) == "1:1");
  CHECK(mentions("the forge.\n(Forge)", {"forge"}) == "1:5,2:2");
  CHECK(mentions("forge_client ForgeClient myForge FORGE_X kForge2 HTTPForge", {"forge"}) ==
        "1:1,1:14,1:28,1:34,1:43,1:54");
  CHECK(mentions("forgery unforged forges Forgetful", {"forge"}) == "");
  CHECK(mentions("todo TODO Todo", {"TODO"}) == "1:6");
  CHECK(mentions("#include <boost/json.hpp>\n<boost/json.hppx> x/boost/json.hpp", {"boost/json.hpp"}) == "1:11,2:21");
  CHECK(mentions("a-b", {"a", "b", ""}) == "1:1,1:3");
  CHECK(mentions(std::string("a\0forge", 7), {"forge"}) == "");
  CHECK(find_mentions(std::string(100'000, ' ') +
                          [] {
                            std::string many;
                            for (int i = 0; i < 500; ++i) many += "x ";
                            return many;
                          }(),
                      {"x"})
            .size() == kMostMentions);
}

TEST_CASE("CODEOWNERS: the last line that matches decides, as GitHub tells it") {
  const auto owners = Owners::parse(
      "# a comment\n*       @all # inline\n*.js    @js\n/build/logs/ @doctor\ndocs/*  docs@example.com\napps/ "
      "@octocat\n"
      "/docs/ @writers\n**/logs @logs\n/apps/github\nwith\\ space.txt @space @more\n[x].txt @never\n");
  const auto of = [&](std::string_view path) {
    const auto* line = owners.of(path);
    if (!line) return std::string("none");
    std::string all;
    for (const auto& owner : line->owners) all += owner;
    return all;
  };
  CHECK(of("main.c") == "@all");
  CHECK(of("a/b/c.js") == "@js");
  CHECK(of("build/logs/x/y") == "@logs");
  CHECK(of("docs/a.md") == "@writers");
  CHECK(of("x/apps/y") == "@octocat");
  CHECK(of("apps/github/a") == "");
  CHECK(of("deep/logs/a") == "@logs");
  CHECK(of("with space.txt") == "@space@more");
  CHECK(of("x.txt") == "@all");
  const auto direct = Owners::parse("docs/* @d\n");
  CHECK(direct.of("docs/a.md"));
  CHECK_FALSE(direct.of("docs/deep/a.md"));
  CHECK_FALSE(direct.of("x/docs/a.md"));
}

TEST_CASE("CODEOWNERS is looked for where GitHub looks, in its order") {
  const auto found = [](const std::map<std::string, std::string>& files) {
    const auto tree = memory_tree(files);
    const auto file = find_owners(*tree);
    return file ? file->path : std::string("none");
  };
  CHECK(found({{"CODEOWNERS", ""}, {".github/CODEOWNERS", ""}, {"docs/CODEOWNERS", ""}}) == ".github/CODEOWNERS");
  CHECK(found({{"CODEOWNERS", ""}, {"docs/CODEOWNERS", ""}}) == "CODEOWNERS");
  CHECK(found({{"docs/CODEOWNERS", ""}}) == "docs/CODEOWNERS");
  CHECK(found({{"a/CODEOWNERS", ""}}) == "none");
}

TEST_CASE("what is kept comes back whole; a file cut or changed at any byte is as good as none") {
  const pika::TempDir folder;
  const auto file = folder.path() / "sub/facts";
  const auto blob = *pika::git::Oid::parse("0123456789012345678901234567890123456789");
  const FileStamp stamp{1, 2, 3, 4, 5};
  const std::string text = "#include \"b.h\"\n";
  {
    FactStore store;
    store.load(file);
    store.remember("a.c", stamp, blob);
    store.references(blob, "a.c", [&] { return text; });
    store.mentions(blob, {"b"}, [&] { return text; });
    CHECK(store.scanned() == 2);
    CHECK(store.save(file));
    CHECK_FALSE(store.save(file));
  }
  const auto known = [&](const std::filesystem::path& path) {
    FactStore store;
    store.load(path);
    if (!store.blob_of("a.c", stamp)) return false;
    CHECK(store.references(blob, "a.c", [] { return std::string("not asked"); }) == scan("a.c", text));
    CHECK(store.mentions(blob, {"b"}, [] { return std::string(); }).size() == 1);
    CHECK(store.scanned() == 0);
    CHECK_FALSE(store.blob_of("a.c", {1, 2, 3, 4, 6}));
    store.references(blob, "a.py", [&] { return text; });  // the same bytes in another language
    CHECK(store.scanned() == 1);
    return true;
  };
  CHECK(known(file));
  const auto bytes = pika::read_file(file).value();
  const auto broken = folder.path() / "broken";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    pika::write_file_atomic(broken, bytes.substr(0, at));
    CHECK_FALSE(known(broken));
    auto other = bytes;
    other[at] = static_cast<char>(other[at] ^ 1);
    pika::write_file_atomic(broken, other);
    CHECK_FALSE(known(broken));
  }
}
