#include "parts.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "fill.hpp"
#include "flash.hpp"
#include "pika/base/text.hpp"
#include "pika/forge/parts.hpp"
#include "router.hpp"
#include "words.hpp"

namespace pika::server {

namespace {
constexpr std::size_t kMostCommitsInParts = 30;  // as the explainer looks at
constexpr int kMostParts = 6;
}  // namespace

void fill_parts(const Call& call, const store::Repository& r, const store::Branch& b, const store::Version& version,
                const explain::Tutorial* tutorial, web::CommitsPage& page) {
  auto commits = branch_commits(call.site, r, version);
  if (commits.size() < 2 || commits.size() > kMostCommitsInParts) return;
  page.parts = forge::chosen_parts(call.site.store->parts(b.id), commits);
  page.parts_chosen = !page.parts.empty();
  page.most_parts = kMostParts;
  page.may_choose_parts =
      b.state == store::BranchState::open && version.number == b.versions && call.may(Permission::write);
  if (page.parts_chosen) return;
  page.parts.assign(commits.size(), 1);
  if (!tutorial) return;
  std::map<std::string, int> told;
  for (const auto& part : tutorial->parts)
    for (const auto& commit : part.commits) told[commit] = part.id;
  for (std::size_t i = 0; i < commits.size(); ++i)
    if (auto at = told.find(commits[i].id.hex()); at != told.end()) page.parts[i] = at->second;
}

Result<http::Response> do_choose_parts(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto b = PIKA_TRY(call.branch(r));
  auto version = call.site.store->newest_version(b.id);
  if (!version) return fail(ErrorKind::not_found, fmt::format("branch #{} has no version", b.number));
  auto commits = branch_commits(call.site, r, *version);
  auto path = call.site.branch_path(r, b) + "/commits";
  auto trouble = [&](std::string what) { return with_flash(http::redirect(path), {std::move(what), true}); };
  if (commits.size() < 2 || commits.size() > kMostCommitsInParts)
    return trouble(fmt::format("only a branch of 2 to {} commits has parts", kMostCommitsInParts));
  std::map<std::string, int> chosen;
  std::set<int> numbers;
  if (!call.form.contains("derived"))
    for (const auto& commit : commits) {
      auto at = call.form.find("part-" + commit.id.hex());
      // A version that came meanwhile has commits that this form does not know.
      if (at == call.form.end()) return trouble("the branch has other commits now; choose again");
      auto number = parse_number<int>(trim(at->second));
      if (!number || *number < 1 || *number > kMostParts)
        return trouble(fmt::format("a part is a number from 1 to {}", kMostParts));
      chosen[forge::commit_key(commit)] = *number;
      numbers.insert(*number);
    }
  call.site.store->set_parts(version->id, chosen, call.principal.name(), system_clock().now());
  call.site.explain->kick();
  ask_words_again(call, r, b, *version);
  auto done = chosen.empty()        ? std::string("Parts are derived from the commits again.")
              : numbers.size() == 1 ? std::string("The change is told as one.")
                                    : fmt::format("The change is told in {} parts.", numbers.size());
  return with_flash(http::redirect(call.site.branch_path(r, b)), {done, false});
}

}  // namespace pika::server
