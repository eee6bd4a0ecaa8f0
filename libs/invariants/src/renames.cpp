#include "renames.hpp"

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"

namespace pika::invariants {
namespace {

namespace fs = std::filesystem;

Result<std::string> output_of(proc::Command command) {
  auto out = proc::run(command);
  if (out.ok()) return std::move(out.out);
  if (out.timed_out) return fail(ErrorKind::unavailable, "git diff did not end within a minute");
  auto why = std::string(trim(to_utf8(out.err)));
  return fail(ErrorKind::internal, "git could not tell what was renamed: " + (why.empty() ? out.start_error : why));
}

std::vector<std::string> diff_words(const git::Oid& base, const std::optional<git::Oid>& head) {
  std::vector<std::string> words = {
      "diff", "--no-ext-diff",   "--no-textconv", "--ignore-submodules=all", "-M", "--name-status",
      "-z",   "--diff-filter=R", base.hex()};
  if (head) words.push_back(head->hex());
  words.push_back("--");
  return words;
}

}  // namespace

Renames parse_renames(std::string_view bytes) {
  const auto parts = split(bytes, '\0');
  Renames renames;
  for (std::size_t i = 0; i + 2 < parts.size(); i += 3)
    if (parts[i].starts_with('R')) renames.emplace(parts[i + 1], parts[i + 2]);
  return renames;
}

Result<Renames> renames_since(const git::Repository& repository, const fs::path& root, const git::Oid& base,
                              const std::optional<git::Oid>& head) {
  if (head) return parse_renames(PIKA_TRY(output_of(git::command(repository.path(), diff_words(base, head)))));
  // git sees a file that was moved without its help only when an index names it: one of our own does.
  const TempDir own("pika-invariants-");
  const auto index = own.path() / "index";
  std::error_code none;
  fs::copy_file(repository.path() / "index", index, none);  // there is none before the first `git add`
  auto add = git::command(root, {"add", "--intent-to-add", "--", "."});
  auto diff = git::command(root, diff_words(base, head));
  for (auto* command : {&add, &diff}) command->env.push_back("GIT_INDEX_FILE=" + index.string());
  PIKA_TRY(output_of(std::move(add)));
  return parse_renames(PIKA_TRY(output_of(std::move(diff))));
}

}  // namespace pika::invariants
