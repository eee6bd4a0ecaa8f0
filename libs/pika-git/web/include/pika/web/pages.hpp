// The pages: a model each and the function that renders it. Rendering reads nothing but the model, needs no script
// in the browser, and never lets text through unescaped (html.hpp). Thread-safe: no shared state.
//
// Addresses the pages link to (contracts, "Addresses"), with O/N the repository:
//   /  /O/N  /O/N/branches/133  .../diff  .../commits  .../ci  (?version=2 for an older version; .../ci?run=161)
// ?words=derived on a branch page: without a model's words, where they are kept
//   /O/N/ci/168/LANE/ATTEMPT  /admin/models  /login  /login/tokens  /api/v1/repos/O/N/ci/SUITE/LANE/ATTEMPT/log?offset=
// Forms they post, all with the field `csrf`, answered by a redirect (303) to the page they came from:
//   /login                     token, next (a person's token, or the one of a one-time link)
//   /login/out                 (on the tokens page)
//   /login/tokens              name
//   /login/tokens/ID/revoke
//   /O/N/branches/133/merge    expected_head, version; override_reason when an admin overrides
//   /O/N/branches/133/tutorial what = words | derived, version
//   /admin/models/probe
//   /O/N/branches/133/close    /O/N/branches/133/reopen
//   /O/N/ci/168/rerun          what = all | failed | lane, lane = ID
//   /O/N/ci/168/cancel
// The event stream is opened as events_url?since=SEQUENCE (event_sequence), later with Last-Event-ID; kinds and data
// as in the contracts; `data` of log.appended names `lane`. A raw log answers X-Log-Next-Offset and X-Log-Complete.
// "?part=live" on a branch or CI page asks for its live regions only: answer with render_live().
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pika/explain/tutorial.hpp"
#include "pika/gitx/diff.hpp"
#include "pika/web/model.hpp"

namespace pika::web {

// Colours of one line of one side of a file; `line` counts from 1. May be empty. Spans must not overlap.
using Highlighter = std::function<std::vector<SyntaxSpan>(const git::FileChange& file, bool new_side, int line)>;
// Takes the next bytes of a page; false: the reader went away, stop.
using Write = std::function<bool(std::string_view)>;

struct FeedRow {
  BranchHead head{};
  std::string verdict{};  // few words: "Ready to land", "2 lanes running"; may be empty
};
struct FeedPage {
  Chrome chrome{};
  std::vector<FeedRow> branches{};          // newest first, over all repositories the reader may see
  std::vector<std::string> repositories{};  // "owner/name", for the list beside
  std::string older_url{};                  // next page; empty: this is the end
};

struct RepositoryPage {
  Chrome chrome{};
  std::string owner{}, name{}, target{};  // the target branch, "main"
  std::string clone_url{};
  bool empty = false;          // nothing was pushed yet
  std::string state = "open";  // which list is shown: open, merged, closed
  int open = 0, merged = 0, closed = 0;
  std::vector<FeedRow> branches{};
  std::string older_url{};
  std::string catalogue_error{};  // sentence with file, line, column; empty: fine
  bool has_catalogue = true;      // the target has ci/pikaci.toml or ci/forge-lanes.toml
};

struct BranchPage {
  Chrome chrome{};
  BranchHead head{};
  Verdict verdict{};
  std::vector<VersionRow> versions{};           // oldest first
  std::vector<CommitRow> commits{};             // oldest first
  std::string description{};                    // the author's words, Markdown; empty: none
  const explain::Tutorial* tutorial = nullptr;  // with head.tutorial == "ready"
  std::string tutorial_error{};                 // sentence, with head.tutorial == "failed"
  bool may_explain_again = false;               // the button, with head.tutorial == "failed"
  ModelWords words{};
  const git::Diff* diff = nullptr;  // of the shown version
  Highlighter highlight{};
  std::optional<Suite> suite{};  // the newest
  std::string no_suite{};        // sentence: why there is none
  Landing landing{};
  bool may_close = false, may_reopen = false;
};

struct CommitsPage {
  Chrome chrome{};
  BranchHead head{};
  std::vector<CommitRow> commits{};  // oldest first
  std::vector<VersionRow> versions{};
  // The number of its part for each commit, from 1; empty: this version has none and could have none.
  std::vector<int> parts{};
  int most_parts = 0;
  bool parts_chosen = false, may_choose_parts = false;
};

struct DiffPage {
  Chrome chrome{};
  BranchHead head{};
  const git::Diff* diff = nullptr;
  Highlighter highlight{};
  const explain::Tutorial* tutorial = nullptr;  // links a hunk to its step; may be null
};

struct AttemptRow {
  int number = 0;
  std::string status{}, failure_kind{}, runner{};
  Micros queued_at = 0, started_at = 0, finished_at = 0;
};
struct StepRow {  // a step within a lane: "Fetch tree", "ctest"
  std::string title{}, status{}, detail{};
  Micros span = -1;
};
struct DecisionRow {  // why it ran when it did
  Micros time = 0;
  std::string text{};  // sentence
};
struct LogPart {
  std::uint64_t offset = 0;     // of `bytes` in the raw log
  std::uint64_t size = 0;       // of the whole raw log
  std::int64_t first_line = 1;  // number of the first line in `bytes`; 0: not known, lines carry no number
  std::string bytes{};          // the last part of the log, from a line's start
  bool closed = false;          // nothing will be added
};
struct OtherLane {  // not chosen, and why
  std::string id{}, why{};
};
struct CiPage {
  Chrome chrome{};
  BranchHead head{};
  std::optional<Suite> suite{};  // none: nothing was ever queued; `no_suite` says why
  std::string no_suite{};
  std::vector<std::pair<std::int64_t, std::string>> suites{};  // number and status of all of the branch, newest first
  std::string lane{};                   // the shown one; empty: the renderer takes the first failed, running or first
  int attempt = 0;                      // the shown one
  std::vector<AttemptRow> attempts{};   // of the shown lane, oldest first
  std::string run_id{};                 // the engine's
  std::string replay_command{};         // to paste; empty: none
  std::vector<std::string> evidence{};  // sentences: "Same tree passed 0 of 2 attempts."
  std::vector<StepRow> steps{};
  LogPart log{};
  std::vector<DecisionRow> decisions{};
  std::vector<OtherLane> not_chosen{};
  std::vector<std::string> warnings{};  // sentences: head's catalogue does not parse, log was cut, ...
  bool may_rerun = false, may_cancel = false;
};

struct SignInPage {
  Chrome chrome{};
  std::string link_token{}, link_user{};  // somebody opened a one-time link: one button signs that user in
  std::string next{};                     // where to go afterwards, a path of this server
  std::string error{};                    // sentence, after a refused attempt
  std::string how{};                      // command that prints a one-time link: "pika-git user link alice"
};

struct TokenRow {
  std::string id{}, name{};
  Micros created = 0, last_used = 0, expires = 0;
};
struct TokensPage {
  Chrome chrome{};
  std::vector<TokenRow> tokens{};
  std::string made{};  // a token just made, shown this once; empty: none
};

// What was sent to a language model, for administrators.
struct SentRow {
  Micros at = 0, took = 0;
  std::string repository{};
  std::int64_t branch = 0;
  int version = 0, hunks = 0, status = 0;
  std::string host{}, model{}, purpose{}, outcome{};
  std::int64_t bytes = 0, tokens_in = 0, tokens_out = 0;
};
struct ModelsPage {
  Chrome chrome{};
  std::string where{};          // sentence: code of which repositories is sent where
  bool may_probe = false;       // the button
  std::vector<SentRow> sent{};  // newest first
  std::string older_url{};      // next page; empty: this is the end
};

struct ErrorPage {
  Chrome chrome{};
  int status = 500;
  std::string what{};               // what happened, and why: a sentence
  std::string advice{};             // what to do: a sentence; may be empty
  std::string link{}, link_text{};  // where to go on; a path of this server; may be empty
};

std::string render(const FeedPage& page);
std::string render(const RepositoryPage& page);
std::string render(const BranchPage& page);
std::string render(const CommitsPage& page);
std::string render(const CiPage& page);
std::string render(const SignInPage& page);
std::string render(const TokensPage& page);
std::string render(const ModelsPage& page);
std::string render(const ErrorPage& page);
// In pieces of some KiB, so that a diff of any size goes out in constant memory. False: the reader went away.
bool render_diff(const DiffPage& page, const Write& write);

// Only the regions that change while the page is open (data-live), for "?part=live".
std::string render_live(const BranchPage& page);
std::string render_live(const CiPage& page);

// One self-contained file of a tutorial and its diff, for `pika-git local`: no server, no script, nothing fetched.
struct LocalPage {
  std::string title{}, base{}, head{};  // names as the person typed them
  const explain::Tutorial* tutorial = nullptr;
  const git::Diff* diff = nullptr;
  Highlighter highlight{};
  Micros now = 0;
  ModelWords words{};  // host and note empty: no model was asked
};
bool render_local(const LocalPage& page, const Write& write);

// Markdown to HTML by cmark-gfm in safe mode; links keep http, https, mailto and in-page addresses only, pictures
// become links. Exposed for tests and fuzzers.
std::string markdown_html(std::string_view markdown);

}  // namespace pika::web
