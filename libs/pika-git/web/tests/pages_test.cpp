#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "pika/web/assets.hpp"
#include "scan_support.hpp"
#include "seed_support.hpp"
#include "told_support.hpp"

using namespace pika;
using namespace pika::web;
using namespace pika::web::test;

namespace {

std::string diff_of(const DiffPage& page) {
  std::string out;
  CHECK(render_diff(page, [&](std::string_view bytes) { return out += bytes, true; }));
  return out;
}

std::string local_of(const Sample& s) {
  std::string out;
  CHECK(render_local({.title = s.branch.head.title,
                      .base = s.branch.head.target,
                      .head = s.branch.head.name,
                      .tutorial = &s.tutorial,
                      .diff = &s.diff,
                      .highlight = s.branch.highlight,
                      .now = kNow},
                     [&](std::string_view bytes) { return out += bytes, true; }));
  return out;
}

std::map<std::string, std::string> all_pages(const Sample& s) {
  std::map<std::string, std::string> pages{
      {"branch", render(s.branch)},   {"ci", render(s.ci)},     {"diff", diff_of(s.diff_page)},
      {"commits", render(s.commits)}, {"feed", render(s.feed)}, {"repository", render(s.repository)},
  };
  const auto& chrome = s.branch.chrome;
  auto empty_feed = s.feed;
  empty_feed.branches.clear();
  empty_feed.repositories.clear();
  pages["feed-empty"] = render(empty_feed);
  auto empty_repository = s.repository;
  empty_repository.empty = true;
  empty_repository.branches.clear();
  pages["repository-empty"] = render(empty_repository);
  auto no_suite = s.ci;
  no_suite.suite.reset();
  pages["ci-none"] = render(no_suite);
  auto pending = s.branch;
  pending.head.tutorial = "pending";
  pending.tutorial = nullptr;
  pending.suite.reset();
  pages["branch-pending"] = render(pending);
  explain::Tutorial told;
  pages["branch-words"] = render(told_page(s, told));
  pages["models"] = render(sent_page(s));
  pages["signin"] = render(SignInPage{
      .chrome = {}, .next = "/sledtools/pika", .error = "That token is not known.", .how = "pika-git user link alice"});
  pages["signin-link"] = render(SignInPage{.chrome = {}, .link_token = "tok", .link_user = chrome.user});
  pages["tokens"] = render(TokensPage{.chrome = chrome,
                                      .tokens = {{"1", chrome.user, kNow - 86400 * kSecond, 0, kNow + 86400 * kSecond}},
                                      .made = "pika_0123"});
  pages["error"] = render(ErrorPage{.chrome = chrome,
                                    .status = 404,
                                    .what = "There is no branch " + s.branch.head.name + " here.",
                                    .advice = "Look at the `feed`.",
                                    .link = "/",
                                    .link_text = s.branch.head.title});
  return pages;
}

std::string squeezed(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool blank = c == ' ' || c == '\n' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  return out;
}

bool accepting() {
  const char* accept = std::getenv("PIKA_ACCEPT");
  return accept && std::string_view(accept) == "1";
}

// One element a line, asset hashes left out: what a person can read in a review.
std::string golden_form(std::string html) {
  std::string out;
  for (std::size_t i = 0; i < html.size(); ++i) {
    out += html[i];
    if (html[i] == '>' && i + 1 < html.size() && html[i + 1] == '<') out += '\n';
  }
  for (const auto& asset : assets()) {
    std::string name(asset.name);
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name)) out.replace(at, name.size(), "ASSET");
  }
  return out + "\n";
}

}  // namespace

TEST_CASE("the branch page shows every element of the seed page with its wording") {
  auto sample = seed_sample();
  auto text = squeezed(scan_html(render(sample->branch)).text);
  for (const char* words :
       {"Back to feed",
        "sledtools/pika branch #133",
        "pika-orch-incus-cleanup-23",
        "Split jerichoci from pikaci",
        "Target branch: master",
        "Merge Commit: 7ee2bde7e99d2006dcad749984d3e4b504b4842b",
        "branch: merged",
        "tutorial: ready",
        "ci: failed",
        "Open CI Details",
        "Continuous Integration",
        "CI: failed",
        "Compact status on the review page, with full logs on the CI page.",
        "Latest run #168 failed",
        "9 passed 1 failed",
        "head 13118be2d317bbac2c76c073fb413c140bffec4b \u00B7 queued 2026-03-27 00:38:06 \u00B7 10 lane(s)",
        "queued 1m 02s \u00B7 ran 17m 02s",
        "Summary",
        "Tutorial Steps",
        "Diff"}) {
    CAPTURE(words);
    CHECK(text.find(words) != std::string::npos);
  }
  for (const char* lane :
       {"check-pika-rust \u00B7 success", "check-pika-followup \u00B7 success", "check-notifications \u00B7 success",
        "check-agent-contracts \u00B7 success", "check-rmp \u00B7 success", "check-pikachat \u00B7 success",
        "check-pikachat-typescript \u00B7 success", "check-apple-host-sanity \u00B7 failed",
        "check-pikachat-openclaw-e2e \u00B7 success", "check-fixture \u00B7 success"}) {
    CAPTURE(lane);
    CHECK(text.find(lane) != std::string::npos);
  }
}

TEST_CASE("every step shows intent, affected files, all its evidence and its body") {
  auto sample = seed_sample();
  auto text = squeezed(scan_html(render(sample->branch)).text);
  CHECK(sample->tutorial.steps.size() == 9);
  std::size_t at = 0;
  for (const auto& step : sample->tutorial.steps) {
    CAPTURE(step.title);
    at = text.find(step.title, at);
    REQUIRE(at != std::string::npos);
    CHECK(text.find("Intent: " + step.intent, at) != std::string::npos);
    CHECK(text.find("Affected files: " + step.files[0], at) != std::string::npos);
  }
  for (const auto& file : sample->diff.files)
    for (const auto& hunk : file.hunks)
      for (const auto& line : hunk.lines) {
        CAPTURE(line.text);
        CHECK(text.find(squeezed(trim(line.text))) != std::string::npos);
      }
  CHECK(text.find("rename from crates/pikaci/src/executor/incus.rs rename to crates/jerichoci/src/executor/incus.rs") !=
        std::string::npos);
  CHECK(text.find("Matches rule 2 hunks, 7 places: rename pikaci to jerichoci, checked token by token") !=
        std::string::npos);
}

TEST_CASE("pages are well formed and obey the content security policy") {
  auto sample = seed_sample();
  for (const auto& [name, html] : all_pages(*sample)) {
    CAPTURE(name);
    auto scan = scan_html(html);
    CHECK(join(scan.complaints, "\n") == "");
    CHECK(join(policy_complaints(scan), "\n") == "");
  }
}

TEST_CASE("ids on a page are unique and links inside it lead somewhere") {
  auto sample = seed_sample();
  auto pages = all_pages(*sample);
  pages["local"] = local_of(*sample);
  for (const auto& [name, html] : pages) {
    CAPTURE(name);
    std::set<std::string> ids;
    auto scan = scan_html(html);
    for (const auto& element : scan.elements)
      if (auto id = element.attributes.find("id"); id != element.attributes.end()) {
        CAPTURE(id->second);
        CHECK(ids.insert(id->second).second);
      }
    for (const auto& element : scan.elements)
      if (auto href = element.attributes.find("href");
          href != element.attributes.end() && href->second.starts_with('#')) {
        CAPTURE(href->second);
        CHECK(ids.contains(href->second.substr(1)));
      }
  }
}

TEST_CASE("the lines that evidence links to are on the diff page") {
  auto sample = seed_sample();
  std::set<std::string> ids;
  for (const auto& element : scan_html(diff_of(sample->diff_page)).elements)
    if (auto id = element.attributes.find("id"); id != element.attributes.end()) ids.insert(id->second);
  int links = 0;
  for (const auto& element : scan_html(render(sample->branch)).elements) {
    auto href = element.attributes.find("href");
    if (href == element.attributes.end()) continue;
    auto at = href->second.find("/diff#");
    if (at == std::string::npos) continue;
    CAPTURE(href->second);
    CHECK(ids.contains(href->second.substr(at + 6)));
    ++links;
  }
  CHECK(links > 100);
}

TEST_CASE("hostile names and texts stay text on every page") {
  auto sample = hostile_sample();
  auto pages = all_pages(*sample);
  pages["local"] = local_of(*sample);
  for (const auto& [name, html] : pages) {
    CAPTURE(name);
    CHECK(is_utf8(html));
    auto scan = scan_html(html);
    CHECK(join(scan.complaints, "\n") == "");
    if (name != "local") CHECK(join(policy_complaints(scan), "\n") == "");
    CHECK(html.find("<script>alert") == std::string::npos);
    CHECK(html.find("\u202E") == std::string::npos);
    CHECK(html.find('\x1b') == std::string::npos);
  }
  auto text = scan_html(pages["branch"]).text;
  CHECK(text.find("<script>alert(1)</script>") != std::string::npos);
  CHECK(text.find("<U+202E>") != std::string::npos);
}

TEST_CASE("the local file carries its style and a policy that allows nothing else") {
  auto sample = seed_sample();
  auto html = local_of(*sample);
  CHECK(html.find("default-src 'none'; style-src 'sha256-") ==
        std::string::npos);  // quotes are escaped in the attribute
  CHECK(html.find("default-src &#39;none&#39;; style-src &#39;sha256-") != std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("/assets/") == std::string::npos);
}

TEST_CASE("the local file says which words are a model's, and where the change was sent") {
  auto sample = seed_sample();
  CHECK(!local_of(*sample).contains("language model"));
  const auto& step = sample->tutorial.steps.front();
  LocalPage page{.title = "t", .base = "main", .head = "HEAD", .tutorial = &sample->tutorial, .diff = &sample->diff};
  const auto html_of = [&] {
    std::string out;
    CHECK(render_local(page, [&](std::string_view bytes) { return out += bytes, true; }));
    return out;
  };
  page.words.shown = true;
  page.words.host = "models.example", page.words.model = "<m-1>", page.words.sent_at = kNow, page.words.hunks = 7;
  page.words.steps = {{.step = step.id, .title = true}};
  page.words.note = "One part is `missing`.";
  page.words.removed = {{"step 1 title", "robust <b>", "is praise"}};
  auto html = html_of();
  const auto top = html.substr(html.find("<header"), html.find("</header>") - html.find("<header"));
  CHECK(top.contains("are a language model&rsquo;s"));
  CHECK(top.contains("7 hunks were sent to <b>models.example</b>, model <b>&lt;m-1&gt;</b>, at "));
  CHECK(top.contains("One part is <code>missing</code>."));
  CHECK(top.contains("robust &lt;b&gt;"));
  CHECK(html.contains("</h3> <span class=\"by\">model</span>"));
  page.words.shown = false, page.words.steps.clear();
  html = html_of();
  CHECK(!html.contains("class=\"by\""));
  CHECK(html.contains("sent to <b>models.example</b>"));
}

TEST_CASE("each verdict has its words, and only a ready one has a button that works") {
  auto sample = seed_sample();
  struct Expect {
    VerdictKind kind;
    const char* words;
  };
  for (auto [kind, words] : {Expect{VerdictKind::ready, "Ready to land"},
                             {VerdictKind::waiting, "Not yet"},
                             {VerdictKind::refused, "Refused: a required lane failed"},
                             {VerdictKind::conflicts, "Conflicts with master"},
                             {VerdictKind::target_moved, "master moved: testing the new merge"},
                             {VerdictKind::no_isolation, "Waiting: no isolation on this host"},
                             {VerdictKind::catalogue_error, "The catalogue does not parse"},
                             {VerdictKind::nothing_ran, "Nothing ran"},
                             {VerdictKind::landed, "Landed"},
                             {VerdictKind::landed_over_red, "Landed over red"},
                             {VerdictKind::closed, "Closed"}}) {
    CAPTURE(words);
    auto html = render(open_branch(*sample, kind));
    CHECK(scan_html(html).text.find(words) != std::string::npos);
    bool button = html.find("Merge into master") != std::string::npos;
    CHECK(button == (kind == VerdictKind::ready));
  }
}

TEST_CASE("the merge form sends what the person saw, and the override form asks for a reason") {
  auto sample = seed_sample();
  auto html = render(open_branch(*sample, VerdictKind::ready));
  CHECK(html.find("action=\"/sledtools/pika/branches/133/merge\"") != std::string::npos);
  CHECK(html.find("name=\"expected_head\" value=\"13118be2d317bbac2c76c073fb413c140bffec4b\"") != std::string::npos);
  CHECK(html.find("name=\"csrf\" value=\"0123456789abcdef\"") != std::string::npos);
  CHECK(html.find("override_reason") == std::string::npos);
  auto red = render(open_branch(*sample, VerdictKind::refused));
  CHECK(red.find("name=\"override_reason\"") != std::string::npos);
  auto reader = open_branch(*sample, VerdictKind::ready);
  reader.chrome.csrf.clear();
  CHECK(render(reader).find("method=\"post\"") == std::string::npos);
}

TEST_CASE("signing out and an older run have the addresses that the server answers") {
  auto sample = seed_sample();
  auto tokens = render(TokensPage{.chrome = sample->branch.chrome, .tokens = {}, .made = {}});
  CHECK(tokens.find("method=\"post\" action=\"/login/out\"") != std::string::npos);
  CHECK(render(sample->ci).find("href=\"/sledtools/pika/branches/133/ci?run=161\"") != std::string::npos);
}

TEST_CASE("evidence has its unchanged neighbours and no changed line that it does not name") {
  auto sample = seed_sample();
  auto& hunk = sample->diff.files[0].hunks[0];
  hunk.lines.clear();
  for (const char* line : {" above", "-folded old", "+folded new", " between", "+NOT NAMED", " below", "-second old"})
    hunk.lines.push_back({.kind = line[0], .text = std::string_view(line).substr(1), .old_line = 1, .new_line = 1});
  auto shown_with = [&](std::vector<explain::Evidence> evidence) {
    for (auto& step : sample->tutorial.steps) step.evidence.clear();
    explain::Fold fold;
    fold.step = 1;
    fold.rule = "a rule";
    fold.evidence = std::move(evidence);
    sample->tutorial.folded = {fold};
    return scan_html(render(sample->branch)).text;
  };
  auto file = sample->diff.files[0].new_path;
  auto text = shown_with({{hunk.id, file, 1, 2}, {hunk.id, file, 6, 6}});
  for (const char* there :
       {"above", "folded old", "folded new", "between", "below", "second old", "Matches rule 1 hunk: a rule"})
    CHECK(text.find(there) != std::string::npos);
  CHECK(text.find("NOT NAMED") == std::string::npos);
}

TEST_CASE("conflicting paths are named, also those that need quotes") {
  auto sample = seed_sample();
  auto text = scan_html(render(open_branch(*sample, VerdictKind::conflicts))).text;
  CHECK(text.find("billing/order.cpp") != std::string::npos);
  CHECK(text.find("caf\u00e9") != std::string::npos);
}

TEST_CASE("live regions are the same as those of the whole page") {
  auto sample = seed_sample();
  auto whole = render(sample->branch), live = render_live(sample->branch);
  int regions = 0;
  for (const auto& element : scan_html(live).elements)
    if (auto region = element.attributes.find("data-live"); region != element.attributes.end()) {
      CHECK(whole.find("data-live=\"" + region->second + "\"") != std::string::npos);
      ++regions;
    }
  CHECK(regions >= 6);
  CHECK(join(scan_html(live).complaints, "\n") == "");
  CHECK(join(scan_html(render_live(sample->ci)).complaints, "\n") == "");
}

TEST_CASE("a diff stops when its reader goes away") {
  auto sample = seed_sample();
  int calls = 0;
  CHECK_FALSE(render_diff(sample->diff_page, [&](std::string_view) { return ++calls, false; }));
  CHECK(calls == 1);
}

TEST_CASE("assets are named by what they hold") {
  CHECK(assets().size() == 3);
  for (const auto& asset : assets()) {
    CHECK(find_asset(asset.name) != nullptr);
    CHECK_FALSE(asset.bytes.empty());
  }
  CHECK(asset_url("pika.css").starts_with("/assets/pika."));
  CHECK(find_asset("pika.css") == nullptr);
}

TEST_CASE("pages are as they were accepted (PIKA_ACCEPT=1 accepts them as they are)") {
  auto sample = seed_sample();
  auto folder = fs::path(PIKA_SOURCE_DIR) / "libs/pika-git/web/tests/golden";
  for (const auto& [name, html] : all_pages(*sample)) {
    CAPTURE(name);
    auto form = golden_form(html);
    if (accepting())
      write_file_atomic(folder / (name + ".html"), form);
    else
      CHECK_MESSAGE(read_file(folder / (name + ".html")).value_or("") == form,
                    "differs; look at it, then run with PIKA_ACCEPT=1");
  }
  if (accepting()) MESSAGE("SKIPPED: golden pages accepted, nothing was compared");
  // For looking at pages in a browser: PIKA_PAGES=/some/folder.
  if (const char* out = std::getenv("PIKA_PAGES")) {
    make_dirs(fs::path(out) / "assets");
    auto pages = all_pages(*sample);
    pages["local"] = local_of(*sample);
    for (auto [kind, name] :
         std::vector<std::pair<VerdictKind, std::string>>{{VerdictKind::ready, "ready"},
                                                          {VerdictKind::refused, "refused"},
                                                          {VerdictKind::conflicts, "conflicts"},
                                                          {VerdictKind::waiting, "waiting"},
                                                          {VerdictKind::no_isolation, "no-isolation"},
                                                          {VerdictKind::landed, "landed"}})
      pages["open-" + name] = render(open_branch(*sample, kind));
    auto hostile = hostile_sample();
    pages["hostile"] = render(hostile->branch);
    pages["hostile-ci"] = render(hostile->ci);
    for (const auto& [name, html] : pages) write_file_atomic(fs::path(out) / (name + ".html"), html);
    for (const auto& asset : assets()) write_file_atomic(fs::path(out) / "assets" / asset.name, asset.bytes);
  }
}
