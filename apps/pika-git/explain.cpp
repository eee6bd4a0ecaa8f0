// pika-git explain and pika-git local: the tutorial without a server.
#include "pika/explain/explain.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "commands.hpp"
#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/gitx/git.hpp"
#include "pika/gitx/repository.hpp"
#include "pika/json/json.hpp"
#include "pika/proc/child.hpp"
#include "pika/server/words_model.hpp"
#include "pika/web/pages.hpp"
#include "retold.hpp"

using namespace pika;

namespace {

struct Explained {
  git::Repository repository;
  git::Diff diff;
  std::vector<git::CommitInfo> commits;  // oldest first
  pika::explain::Tutorial tutorial;
};

int complain(const Error& error) {
  std::cerr << "pika-git: " << error.what << "\n";
  if (!error.advice.empty()) std::cerr << "  " << error.advice << "\n";
  return error.kind == ErrorKind::internal || error.kind == ErrorKind::unavailable ? 4 : 2;
}

Result<Explained> explain_range(git::Repository repository, const git::Oid& base, const git::Oid& head,
                                const git::Oid& commits_to) {
  auto path = repository.path();
  auto diff = PIKA_TRY(git::make_diff(path, base, head));
  auto commits = repository.log(commits_to, base, 500);
  std::reverse(commits.begin(), commits.end());
  auto title = commits.size() == 1 ? commits.front().subject() : std::string();
  auto tutorial =
      pika::explain::explain({.diff = &diff, .repository = &repository, .commits = commits, .title = title});
  return Explained{std::move(repository), std::move(diff), std::move(commits), std::move(tutorial)};
}

// The tree of the work tree as it is, without touching the user's index. The page itself, where an earlier run left it
// there, is no part of the work.
Result<git::Oid> uncommitted(const git::Repository& repository, const git::Oid& head, const std::string& out) {
  if (!repository.workdir())
    return fail(ErrorKind::invalid, "a bare repository has no work tree", "leave out --include-uncommitted");
  auto folder = *repository.workdir();
  TempDir index("pika-index-");
  auto file = (index.path() / "index").string();
  auto run = [&](std::vector<std::string> args) -> Result<std::string> {
    auto command = git::command(folder, std::move(args));
    command.env.push_back("GIT_INDEX_FILE=" + file);
    command.deadline = 600 * kSecond;
    auto outcome = proc::run(command);
    if (!outcome.ok()) return fail(ErrorKind::internal, "git could not read the work tree: " + outcome.err);
    return outcome.out;
  };
  PIKA_TRY(run({"read-tree", head.hex()}));
  std::vector<std::string> add = {"add", "--all", "--", ":/"};
  std::error_code odd;
  auto page =
      fs::weakly_canonical(fs::absolute(out), odd).lexically_relative(fs::weakly_canonical(folder, odd)).string();
  if (out != "-" && !odd && !page.empty() && !page.starts_with(".") && !repository.entry(head, page))
    add.push_back(":(top,literal,exclude)" + page);
  PIKA_TRY(run(std::move(add)));
  auto tree = PIKA_TRY(run({"write-tree"}));
  auto id = git::Oid::parse(std::string_view(tree).substr(0, 40));
  if (!id) return fail(ErrorKind::internal, "git write-tree gave no tree");
  return *id;
}

}  // namespace

int explain(const std::string& repo, const std::string& base, const std::string& head, const std::string& format,
            const ModelFlags& model) {
  const auto provider = provider_of(model);
  if (!provider) return complain(provider.error());
  auto repository = git::Repository::open(repo);
  if (!repository) return complain(repository.error());
  auto from = repository->resolve_commit(base);
  if (!from) return complain(from.error());
  auto to = repository->resolve_commit(head);
  if (!to) return complain(to.error());
  auto done = explain_range(std::move(*repository), *from, *to, *to);
  if (!done) return complain(done.error());
  const bool markdown = format == "md";
  if (*provider) {
    const auto told = retold(**provider, done->tutorial, done->diff, done->repository, *to, done->commits);
    write_all(1, markdown ? model::to_markdown(told, done->diff) : json::print_pretty(retold_json(told)));
    return 0;
  }
  write_all(1, markdown ? pika::explain::to_markdown(done->tutorial, done->diff)
                        : json::print_pretty(pika::explain::to_json(done->tutorial)));
  return 0;
}

namespace {

// In the user's browser; it goes on by itself.
Status show_in_browser(const fs::path& file) {
  proc::Command command;
  command.argv = {"xdg-open", fs::absolute(file).string()};
  command.deadline = 10 * kSecond;
  auto outcome = proc::run(command);
  if (outcome.ok()) return {};
  auto why = std::string(trim(outcome.start_error.empty() ? outcome.err : outcome.start_error));
  return fail(ErrorKind::unavailable,
              fmt::format("the page is written, and no browser opened it: {}", why.empty() ? "xdg-open failed" : why),
              fmt::format("open {} yourself, or say --no-open", fs::absolute(file).string()));
}

// A file anew and whole, or into what is there and is no file: a device, a pipe.
Status write_page(const std::string& out, std::string_view html) {
  std::error_code none;
  auto kind = fs::status(out, none).type();
  try {
    if (kind == fs::file_type::directory)
      return fail(ErrorKind::invalid, fmt::format("'{}' is a folder", out), "name a file with --out FILE");
    if (kind == fs::file_type::regular || kind == fs::file_type::not_found || kind == fs::file_type::none) {
      write_file_atomic(fs::weakly_canonical(out), html);  // behind a link stays what it leads to
      return {};
    }
    UniqueFd fd(::open(out.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) throw SystemError("open");
    write_all(fd.get(), html);
  } catch (const SystemError& e) {
    return fail(ErrorKind::invalid, fmt::format("'{}' cannot be written: {}", out, e.code().message()),
                "name another file with --out FILE");
  } catch (const fs::filesystem_error& e) {
    return fail(ErrorKind::invalid, fmt::format("'{}' cannot be written: {}", out, e.code().message()));
  }
  return {};
}

// What a branch is compared with when nobody says: the default branch; on that itself, its last commit, or the work
// that is in none. Empty: there is nothing.
std::string usual_base(const git::Repository& repository, const git::Oid& head, bool include_uncommitted) {
  for (const char* guess : {"origin/HEAD", "origin/main", "origin/master", "main", "master"}) {
    auto at = repository.resolve_commit(guess);
    if (at && (include_uncommitted || *at != head)) return guess;
  }
  if (include_uncommitted) return "HEAD";
  return repository.resolve_commit("HEAD~1") ? "HEAD~1" : "";
}

bool somebody_looks() {
  return ::isatty(1) == 1 && (std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr);
}

}  // namespace

int local(const std::string& repo, const std::string& base, const std::string& out, bool include_uncommitted,
          std::optional<bool> open, const ModelFlags& model) {
  const auto provider = provider_of(model);
  if (!provider) return complain(provider.error());
  auto found = git::Repository::open(repo);
  // From any folder of the work tree.
  for (fs::path folder = fs::absolute(repo); !found && folder.has_parent_path() && folder != folder.parent_path();
       folder = folder.parent_path())
    found = git::Repository::open(folder.parent_path());
  if (!found)
    return complain(
        Error{ErrorKind::not_found, fmt::format("'{}' is in no git repository", repo), "name one with --repo PATH"});
  auto head = found->resolve_commit("HEAD");
  if (!head)
    return complain(Error{ErrorKind::not_found, "this repository has no commit yet", "commit something first"});
  const auto base_name = base.empty() ? usual_base(*found, *head, include_uncommitted) : base;
  if (base_name.empty())
    return complain(Error{ErrorKind::not_found, "there is nothing to compare with: this is the only commit here",
                          "name a base with --base REF"});
  auto other = found->resolve_commit(base_name);
  if (!other) return complain(other.error());
  auto from = found->merge_base(*other, *head).value_or(*other);
  auto to = *head;
  if (include_uncommitted) {
    auto tree = uncommitted(*found, *head, out);
    if (!tree) return complain(tree.error());
    to = *tree;
  }
  auto done = explain_range(std::move(*found), from, to, *head);
  if (!done) return complain(done.error());
  web::LocalPage page;
  if (*provider) {
    auto told = retold(**provider, done->tutorial, done->diff, done->repository, to, done->commits);
    page.words = server::words_model(told);
    done->tutorial = std::move(told.told.tutorial);
  }
  // A page's title has room for a name.
  page.base = git::Oid::parse(base_name) ? other->short_hex() : base_name;
  page.head = include_uncommitted ? "work tree" : "HEAD";
  page.title = done->tutorial.steps.empty() ? "No change" : fmt::format("{} to {}", page.base, page.head);
  page.tutorial = &done->tutorial;
  page.diff = &done->diff;
  page.now = system_clock().now();
  std::string html;
  web::render_local(page, [&](std::string_view bytes) {
    html += bytes;
    return true;
  });
  if (out == "-") {
    write_all(1, html);
  } else {
    if (auto written = write_page(out, html); !written) return complain(written.error());
    const auto& t = done->tutorial;
    fmt::print("{}: {}, {} of {} changed lines to read\n", out,
               plural(static_cast<std::int64_t>(t.steps.size()), "step"), format_count(t.lines_to_read),
               format_count(t.lines_changed));
    std::fflush(stdout);
    if (open.value_or(somebody_looks()))
      if (auto shown = show_in_browser(out); !shown) return complain(shown.error());
  }
  return 0;
}
