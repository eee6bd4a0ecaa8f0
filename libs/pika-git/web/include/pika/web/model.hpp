// What the pages show, as plain data: filled by the forge, turned into HTML by the render functions of pages.hpp.
//
// Strings are bytes as they came (names, titles, logs may hold anything); the renderer escapes and repairs them.
// Where a comment says "sentence", text between backticks is shown as code. Statuses are the words of the
// contracts (queued running passed failed skipped cancelled nothing_ran); pages say `success` for passed.
// Times are microseconds UTC, 0: not yet or not known. Spans are microseconds, negative: not known.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pika/base/clock.hpp"

namespace pika::web {

// The frame around every page.
struct Chrome {
  std::string user{};   // who is signed in; empty: nobody
  std::string csrf{};   // goes into every form; forms are left out when empty
  std::string flash{};  // one sentence about what was just done; empty: nothing
  bool flash_is_error = false;
  std::string owner{}, repository{};  // of the page's repository; empty outside of one
  std::string base_url{};             // "http://127.0.0.1:8787", as people reach this server, no slash at the end
  std::string events_url{};           // the SSE stream the page follows; empty: the page is not live
  std::int64_t event_sequence = 0;    // journal sequence read before the page's data (subscribe, then snapshot)
  Micros now = 0;                     // for relative times
};

// What all pages of one branch have in common: identity, state and size.
struct BranchHead {
  std::string owner{}, repository{};
  std::int64_t number = 0;                // "branch #133"
  std::string name{}, title{}, target{};  // ref names without refs/heads/
  std::string author{};
  std::string state = "open";        // open, merged, closed
  std::string tutorial = "pending";  // pending, generating, ready, failed
  std::string ci{};                  // a status; empty: no suite yet
  int version = 0, versions = 0;     // shown, and how many there are
  std::string head{};                // commit id of the shown version, hex
  int commits = 0;
  int files = 0, added = 0, removed = 0;
  int lanes = 0, lanes_failed = 0, lanes_done = 0;  // of the newest suite, for the tab
  Micros updated = 0;
};

struct VersionRow {
  int number = 0;
  std::string head{};  // hex
  Micros pushed = 0;
  std::string pushed_by{};
  int files = 0, added = 0, removed = 0;
};

struct CommitRow {
  std::string id{}, subject{}, body{}, author{};  // id in hex
  Micros time = 0;
};

// One lane of a suite, with its newest attempt.
struct LaneRow {
  std::string id{}, title{};  // title is what people read; empty: the id
  std::string status{};
  std::string failure_kind{};  // "test_failed", ...; empty: none
  std::string waiting{};       // sentence: why it waits, while queued
  bool required = false;
  bool advisory = false;      // of the head's own catalogue, does not gate
  int attempts = 1;           // the newest one's number
  std::string reused_from{};  // "#161", when its result was taken from another suite
  Micros queued_at = 0, started_at = 0, finished_at = 0;
  std::string runner{};
  std::string cause{};         // sentence or block: what failed, expected and got; several lines are kept
  std::string log_tail{};      // last lines of the log as bytes, ANSI colours allowed; for a failed lane
  std::uint64_t log_size = 0;  // bytes of the raw log; 0: none yet
};

struct Suite {
  std::int64_t number = 0;  // "run #168"
  std::string status{};
  std::string head{};        // the tested version's head, hex
  std::string candidate{};   // the tested merge commit, hex; empty for a head suite
  std::string target_tip{};  // the target's commit the candidate was built on
  Micros queued_at = 0, started_at = 0, finished_at = 0;
  std::vector<LaneRow> lanes{};  // catalogue order
};

// Why merging is or isn't possible now. The renderer has a heading for each kind.
enum class VerdictKind {
  ready,            // Ready to land
  waiting,          // Not yet
  refused,          // Refused: a required lane failed
  conflicts,        // Conflicts with main; `paths` names them
  target_moved,     // main moved: testing the new merge
  no_isolation,     // Waiting: no isolation on this host
  catalogue_error,  // The catalogue does not parse
  nothing_ran,      // Nothing ran
  landed,           // Landed
  landed_over_red,  // Landed over red, with who and why
  closed,           // Closed
};

struct Verdict {
  VerdictKind kind = VerdictKind::waiting;
  std::string heading{};               // overrides the kind's own words
  std::vector<std::string> reasons{};  // sentences, one each
  std::vector<std::string> paths{};    // conflicting paths
  std::string command{};               // exact command to paste; empty: none
  bool may_merge = false;              // the button works: shown enabled only with kind ready
  bool show_merge = true;              // the button is there at all (disabled unless may_merge)
  bool may_override = false;           // the signed-in user has the right; shows the form with the reason
  bool may_rerun = false;
  std::string expected_head{};  // what the person sees and merges; hex
};

struct Landing {
  std::string merge_commit{};                // hex; empty: not landed
  std::string tree_tested{}, tree_landed{};  // hex
  std::string by{};
  Micros when = 0;
  std::vector<std::string> red_lanes{};  // required lanes that had failed
  std::string override_reason{};         // of an override
  std::int64_t record = 0;               // number in the landing record
  std::optional<bool> chain_verified{};
};

// The words of a language model about the shown version, and what is known of asking for them.
struct StepWords {
  int step = 0;
  bool title = false, intent = false;  // they are the model's
  std::string body{};                  // the part of the body that is the model's, at its beginning; empty: none
};
struct RemovedWords {
  std::string where{}, what{}, why{};
};
struct ModelWords {
  std::string asking{};         // asked: queued or running; failed; empty: neither
  std::string why{};            // sentence: why it failed, or what came of the last try
  bool shown = false;           // the page's tutorial has them
  bool hidden = false;          // they are there, and the derived words were asked for
  bool may_ask = false;         // the button
  std::string token{};          // changes with the kept words; empty: none are kept
  std::string host{}, model{};  // where lines were sent, and as what; empty: none were
  Micros sent_at = 0;
  int hunks = 0;
  bool answered = true;   // false: it was tried, and no answer came
  bool reused = false;    // of an equal change: nothing was sent for this version
  std::string log_url{};  // the log of what was sent, for those who may read it
  std::string summary{};  // the part of the summary that is the model's, at its beginning
  std::vector<StepWords> steps{};
  std::string note{};  // sentences: why words are missing
  std::vector<RemovedWords> removed{};
};

// A piece of a line with a colour: bytes [begin, end) of the line's text.
enum class SyntaxKind { keyword, string, number, comment, type, function, constant, attribute, property };
struct SyntaxSpan {
  int begin = 0, end = 0;
  SyntaxKind kind = SyntaxKind::keyword;
};

}  // namespace pika::web
