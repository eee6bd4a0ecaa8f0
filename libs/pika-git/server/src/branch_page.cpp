// The branch page, its diff and its commits.
#include <fmt/format.h>

#include "fill.hpp"
#include "highlight.hpp"
#include "parts.hpp"
#include "pika/base/text.hpp"
#include "router.hpp"
#include "words.hpp"

namespace pika::server {

namespace {

// Everything the three pages share. The diff is kept here, since models point into it.
struct Shown {
  store::Repository repository;
  store::Branch branch;
  store::Version version;
  forge::Judged judged;
  std::optional<git::Diff> diff;
  std::optional<explain::Tutorial> tutorial;
  std::string tutorial_error;
};

Result<Shown> load(Call& call, bool with_diff) {
  Shown s;
  s.repository = PIKA_TRY(call.repository());
  s.branch = PIKA_TRY(call.branch(s.repository));
  s.version = PIKA_TRY(shown_version(call, s.branch));
  s.judged = forge::judge(*call.site.store, call.site.layout, s.repository, s.branch);
  if (s.version.tutorial == store::TutorialState::ready) {
    auto tutorial = forge::stored_tutorial(call.site.layout, s.version);
    if (tutorial) {
      s.tutorial = std::move(*tutorial);
    } else {
      s.tutorial_error = "the stored tutorial can't be read: " + tutorial.error().what;
      s.version.tutorial = store::TutorialState::failed;
    }
  } else {
    s.tutorial_error = s.version.tutorial_error;
  }
  if (with_diff) {
    auto diff = forge::stored_diff(call.site.layout, s.repository, s.version);
    if (!diff) return std::unexpected(diff.error());
    s.diff = std::move(*diff);
    if (s.version.files == 0) {
      s.version.files = static_cast<int>(s.diff->files.size());
      s.version.added = s.diff->added;
      s.version.removed = s.diff->removed;
    }
  }
  return s;
}

}  // namespace

Result<http::Response> show_branch(Call& call) {
  auto s = PIKA_TRY(load(call, true));
  web::BranchPage page;
  page.chrome = chrome(call, &s.repository);
  page.head = branch_head(call.site, s.repository, s.branch, s.judged, &s.version);
  page.verdict = verdict_model(call, s.repository, s.branch, s.judged);
  page.versions = version_rows(call.site.store->versions(s.branch.id));
  page.commits = commit_rows(call.site, s.repository, s.version);
  // The summary quotes the author; said once is enough.
  auto first_line = s.branch.description.substr(0, s.branch.description.find('\n'));
  if (!s.tutorial || s.tutorial->summary.find(first_line) == std::string::npos) page.description = s.branch.description;
  ShownWords told;
  if (s.tutorial) {
    told = shown_words(call, s.repository, s.branch, s.version, *s.tutorial);
    page.words = told.view;
    page.tutorial = told.tutorial ? &*told.tutorial : &*s.tutorial;
  }
  page.may_explain_again = s.version.tutorial == store::TutorialState::failed && call.may(Permission::write);
  page.tutorial_error = s.tutorial_error;
  page.diff = &*s.diff;
  page.highlight = highlighter(call.site, s.repository);
  if (page.head.commits == 0) page.head.commits = static_cast<int>(page.commits.size());
  if (s.judged.suite) {
    page.suite = suite_model(call.site, *s.judged.suite, s.judged.lanes, true);
    if (s.judged.lanes.empty())
      page.no_suite = s.judged.suite->catalogue_error.empty() ? "no lane's paths match this change"
                                                              : s.judged.suite->catalogue_error;
  } else {
    page.no_suite = "lanes have not been chosen yet";
  }
  page.landing = landing_model(s.judged);
  page.may_close = s.branch.state == store::BranchState::open && call.may(Permission::write);
  page.may_reopen = s.branch.state == store::BranchState::closed && call.may(Permission::write);
  auto live = call.request.query_value("part") == "live";
  return http::html_response(200, live ? web::render_live(page) : web::render(page));
}

Result<http::Response> show_commits(Call& call) {
  auto s = PIKA_TRY(load(call, false));
  web::CommitsPage page;
  page.chrome = chrome(call, &s.repository);
  page.head = branch_head(call.site, s.repository, s.branch, s.judged, &s.version);
  page.commits = commit_rows(call.site, s.repository, s.version);
  if (page.head.commits == 0) page.head.commits = static_cast<int>(page.commits.size());
  page.versions = version_rows(call.site.store->versions(s.branch.id));
  fill_parts(call, s.repository, s.branch, s.version, s.tutorial ? &*s.tutorial : nullptr, page);
  return http::html_response(200, web::render(page));
}

Result<http::Response> show_diff(Call& call) {
  auto s = std::make_shared<Shown>(PIKA_TRY(load(call, true)));
  auto page = std::make_shared<web::DiffPage>();
  page->chrome = chrome(call, &s->repository);
  page->head = branch_head(call.site, s->repository, s->branch, s->judged, &s->version);
  page->diff = &*s->diff;
  page->highlight = highlighter(call.site, s->repository);
  if (s->tutorial) page->tutorial = &*s->tutorial;
  http::Response response;
  response.set("Content-Type", "text/html; charset=utf-8");
  response.stream = [s, page](http::BodyWriter& out) {
    web::render_diff(*page, [&](std::string_view bytes) { return out.write(bytes); });
  };
  return response;
}

}  // namespace pika::server
