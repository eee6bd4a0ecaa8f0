// Pieces that several pages share.
#pragma once
#include <string>
#include <string_view>

#include "pika/web/html.hpp"
#include "pika/web/model.hpp"

namespace pika::web {

// "success" for passed, "nothing ran" for nothing_ran, else the word itself.
std::string shown_status(std::string_view status);
// The class that gives a status its colour and shape: ok, bad, run, wait, warn or none.
Literal status_class(std::string_view status);
bool is_final_status(std::string_view status);
// "test failed", "out of memory"; the word with blanks for one that is not known.
std::string shown_failure(std::string_view failure_kind);

// A state with its word and shape: <span class="chip ok"><i></i>ci: success</span>
void chip(Html& h, Literal state_class, std::string_view words);
Literal branch_state_class(std::string_view state);
Literal tutorial_class(std::string_view state);
// The three chips of the seed page: branch, tutorial, ci.
void state_chips(Html& h, const BranchHead& head);

// <time datetime=... title="exact UTC">3 min ago</time>; nothing for 0.
void relative_time(Html& h, Micros time, Micros now);
// The same element with the exact time as its text.
void exact_time(Html& h, Micros time);
// "3 min ago", "in 2 h", "yesterday" is never said: plain numbers.
std::string relative_words(Micros time, Micros now);

// A whole object id, of which the style sheet shows the beginning; copying takes it whole.
void object_id(Html& h, std::string_view hex);
std::string short_id(std::string_view hex);
// "+12 -3" with colours and signs
void churn(Html& h, int added, int removed);
// A button that copies `text`; shown only where scripts run.
void copy_button(Html& h, std::string_view text);
// A command to paste, with its copy button.
void command_block(Html& h, std::string_view command);

Url repository_url(std::string_view owner, std::string_view name);
Url branch_url(const BranchHead& head);
Url branch_part_url(const BranchHead& head, std::string_view part);  // "diff", "commits", "ci"; keeps an older version
Url lane_url(const BranchHead& head, std::int64_t suite, std::string_view lane, int attempt);

// <form method=post> with the csrf field; the caller adds fields and ends it. False, and nothing written, when
// forms are not possible (nobody signed in).
bool open_form(Html& h, const Chrome& chrome, const Url& action, Literal classes = "");
void hidden_field(Html& h, Literal name, std::string_view value);

// Everything up to the content, and after it.
void open_page(Html& h, const Chrome& chrome, std::string_view title, Literal kind);
void close_page(Html& h, const Chrome& chrome);
// The header of a branch's pages: back link, kicker, title, sub line, chips, tabs. `here`: tutorial, diff, commits, ci
void branch_tabs(Html& h, const BranchHead& head, std::string_view here);
void branch_slim_header(Html& h, const BranchHead& head, std::string_view here);
// "`name` · Target branch: main · by bob · 3 commits · 9 files +212 -40", without the version picker
void branch_sub(Html& h, const BranchHead& head);

}  // namespace pika::web
