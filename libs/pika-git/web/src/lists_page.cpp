// Pages that are lists: the feed, a repository's branches, a branch's commits.
#include <fmt/format.h>

#include "parts.hpp"
#include "pika/base/text.hpp"
#include "pika/web/pages.hpp"

namespace pika::web {

namespace {

enum class Named { with_repository, alone };

void branch_row(Html& h, const Chrome& chrome, const FeedRow& row, Named named) {
  const auto& head = row.head;
  h.open("li", "brow").open("div", "what").open("p", "kicker");
  if (named == Named::with_repository) h.text(head.owner + "/" + head.repository + " ");
  h.text(fmt::format("branch #{}", head.number)).end();
  h.open("h2")
      .attr("dir", "auto")
      .open("a")
      .href(branch_url(head))
      .text(head.title.empty() ? quote_name(head.name) : head.title);
  h.end().end().open("p", "sub").open("code", "ref").attr("dir", "auto").name(head.name).end().words(" into ");
  h.elem("code", "ref", quote_name(head.target));
  if (!head.author.empty()) h.words(" <span class=\"dot\">&middot;</span> by ").elem("b", head.author);
  h.words(" <span class=\"dot\">&middot;</span> <span class=\"nb\">").text(plural(head.files, "file")).words(" ");
  churn(h, head.added, head.removed);
  h.words("</span> <span class=\"dot\">&middot;</span> ");
  relative_time(h, head.updated, chrome.now);
  h.end().end().open("div", "states2");
  if (!row.verdict.empty()) h.open("p", "verdict2").code_text(row.verdict).end();
  h.open("div", "chips");
  state_chips(h, head);
  h.end().end().end();
}

void branch_list(Html& h, const Chrome& chrome, const std::vector<FeedRow>& rows, Named named,
                 std::string_view older_url) {
  h.open("ul", "blist").attr("data-live", "branches");
  for (const auto& row : rows) branch_row(h, chrome, row, named);
  h.end();
  if (!older_url.empty())
    h.open("p", "older").open("a", "btn").href(local_address(older_url)).words("Older").end().end();
}

std::string push_commands(std::string_view clone_url, std::string_view refspec) {
  return fmt::format("git remote add pika {}\ngit push pika {}", shell_quote(clone_url), shell_quote(refspec));
}

void feed_empty(Html& h, const FeedPage& page) {
  h.open("section", "card emptypage").open("h2").words("No branches yet").end();
  if (page.repositories.empty()) {
    h.open("p")
        .words("Make a repository on the machine that runs this server, then push to it from your work tree:")
        .end();
    command_block(h, "pika-git repo create acme/rocket");
    command_block(h, push_commands(page.chrome.base_url + "/acme/rocket.git", "HEAD:main"));
  } else {
    h.open("p").words("Push a branch, and its page is here a moment later:").end();
    command_block(h, push_commands(page.chrome.base_url + "/" + page.repositories.front() + ".git", "HEAD:my-branch"));
  }
  h.open("p", "muted").words("git asks for a name and a password: the password is a ");
  h.link("", path({"login", "tokens"}), "token").words(".").end().end();
}

}  // namespace

std::string render(const FeedPage& page) {
  Html h;
  open_page(h, page.chrome, "Branches", "feed");
  h.open("header", "hero slim").open("h1").words("Branches").end();
  h.open("p", "sub").words("Of all repositories, newest first.").end().end();
  h.open("div", "page list").open("main").id("main");
  if (page.branches.empty())
    feed_empty(h, page);
  else
    branch_list(h, page.chrome, page.branches, Named::with_repository, page.older_url);
  h.end();
  if (!page.repositories.empty()) {
    h.open("aside", "rail")
        .attr("aria-label", "Repositories")
        .open("section", "card")
        .open("h2")
        .words("Repositories ");
    h.elem("small", std::to_string(page.repositories.size())).end().open("ul", "plain");
    for (const auto& name : page.repositories) {
      auto slash = name.find('/');
      auto url = slash == std::string::npos ? Url() : repository_url(name.substr(0, slash), name.substr(slash + 1));
      h.open("li").link("file", url, name).end();
    }
    h.end().end().end();
  }
  h.end();
  close_page(h, page.chrome);
  return h.take();
}

namespace {

void repository_header(Html& h, const RepositoryPage& page) {
  h.open("header", "hero slim").open("p", "kicker").words("repository").end();
  h.open("h1").text(page.owner + "/" + page.name).end();
  h.open("p", "sub")
      .words("Target branch: ")
      .elem("code", "ref", quote_name(page.target))
      .words(" <span class=\"dot\">&middot;</span> ");
  h.words("clone <code class=\"ref\">").text(page.clone_url).words("</code> ");
  copy_button(h, page.clone_url);
  h.end().open("nav", "tabs").attr("aria-label", "Branches by state");
  auto tab = [&](Literal state, Literal words, int count) {
    auto url = repository_url(page.owner, page.name);
    h.open("a").href(state.view() == "open" ? url : url.query("state", state.view()));
    if (page.state == state.view()) h.attr("aria-current", "page");
    h.words(words).words(" ").elem("small", std::to_string(count)).end();
  };
  tab("open", "Open", page.open);
  tab("merged", "Merged", page.merged);
  tab("closed", "Closed", page.closed);
  h.end().end();
}

void how_to_push(Html& h, const RepositoryPage& page) {
  h.open("section", "card").open("h2").words("Push a branch").end();
  command_block(h, fmt::format("git switch -c my-branch\ngit commit -am 'What it does'\ngit push {} my-branch",
                               shell_quote(page.clone_url)));
  h.open("p", "muted").words("git prints the address of the branch page. The password is a ");
  h.link("", path({"login", "tokens"}), "token").words(".").end().end();
}

void first_push(Html& h, const RepositoryPage& page) {
  h.open("section", "card emptypage").open("h2").words("This repository is empty").end();
  h.open("p")
      .words("The first push creates its target branch, ")
      .elem("code", quote_name(page.target))
      .words(":")
      .end();
  command_block(h, push_commands(page.clone_url, "HEAD:" + page.target));
  h.open("p").words("Then push a branch, to see it explained and checked:").end();
  command_block(h, fmt::format("git push pika HEAD:my-branch"));
  h.end();
}

void no_branches(Html& h, const RepositoryPage& page) {
  h.open("section", "card emptypage").open("h2").text("No " + page.state + " branches").end();
  h.open("p", "muted")
      .words(page.state == "open" ? Literal("Push one with the commands beside this.")
                                  : Literal("They are listed here once there are any."));
  h.end().end();
}

}  // namespace

std::string render(const RepositoryPage& page) {
  Html h;
  open_page(h, page.chrome, page.owner + "/" + page.name, "repository");
  repository_header(h, page);
  h.open("div", "page list").open("main").id("main");
  if (!page.catalogue_error.empty())
    h.open("p", "card warnline").words("<b>The catalogue does not parse</b> ").code_text(page.catalogue_error).end();
  else if (!page.has_catalogue && !page.empty)
    h.open("p", "card muted")
        .words("No lanes: the target has no <code>ci/pikaci.toml</code>. <code>pikaci init</code> writes one.")
        .end();
  if (page.empty)
    first_push(h, page);
  else if (page.branches.empty())
    no_branches(h, page);
  else
    branch_list(h, page.chrome, page.branches, Named::alone, page.older_url);
  h.end();
  if (!page.empty) {
    h.open("aside", "rail").attr("aria-label", "How to push");
    how_to_push(h, page);
    h.end();
  }
  h.end();
  close_page(h, page.chrome);
  return h.take();
}

// What the numbers beside the commits are for, and what saves them.
static void parts_form_head(Html& h, const CommitsPage& page) {
  h.open("section", "card").id("parts").open("h2").words("Parts").end();
  h.open("p").words(
      "Commits of one number are told as one part of the walk; a file that several parts touch is told in the first. ");
  h.text(page.parts_chosen ? "These were chosen, and stay so when the branch is pushed again."
                           : "These are derived: commits that share no file and use nothing of one another.");
  h.end();
  h.open("p", "actions").open("button", "btn").attr("type", "submit").words("Tell it so").end();
  if (page.parts_chosen)
    h.words(" ")
        .open("button", "btn quiet")
        .attr("type", "submit")
        .attr("name", "derived")
        .attr("value", "1")
        .words("As derived")
        .end();
  h.end().end();
}

static void part_of_commit(Html& h, const CommitsPage& page, std::size_t i, bool form) {
  const auto& commit = page.commits[i];
  if (!form) {
    h.open("p", "muted").text(fmt::format("Part {}", page.parts[i])).end();
    return;
  }
  auto id = "part-" + commit.id;
  h.open("p").open("label").attr("for", id).words("Part ").end();
  h.empty("input").id(id).attr("type", "number").attr("name", id).attr("min", 1).attr("max", page.most_parts);
  h.attr("value", page.parts[i]).flag("required");
  h.end();
}

std::string render(const CommitsPage& page) {
  Html h;
  open_page(h, page.chrome,
            fmt::format("Commits \u00B7 {}/{} #{}", page.head.owner, page.head.repository, page.head.number),
            "commits");
  branch_slim_header(h, page.head, "commits");
  h.open("div", "page list").open("main").id("main");
  bool form =
      !page.parts.empty() && page.may_choose_parts &&
      open_form(h, page.chrome,
                path({page.head.owner, page.head.repository, "branches", std::to_string(page.head.number), "parts"}),
                "parts");
  if (form) parts_form_head(h, page);
  h.open("ol", "clist");
  for (std::size_t i = 0; i < page.commits.size(); ++i) {
    const auto& commit = page.commits[i];
    h.open("li", "card").open("h2").attr("dir", "auto").text(commit.subject).end();
    h.open("p", "muted");
    object_id(h, commit.id);
    h.words(" by ").elem("b", commit.author).words(" ");
    relative_time(h, commit.time, page.chrome.now);
    h.end();
    if (i < page.parts.size()) part_of_commit(h, page, i, form);
    if (!trim(commit.body).empty()) h.open("pre", "message").attr("dir", "auto").text(trim(commit.body)).end();
    h.end();
  }
  h.end();
  if (form) h.end();
  if (page.commits.empty())
    h.open("p", "card muted").words("This version has no commit that its target does not have.").end();
  h.end();
  if (!page.versions.empty()) {
    h.open("aside", "rail").attr("aria-label", "Versions").open("section", "card").open("h2").words("Versions").end();
    h.open("ul", "plain");
    for (auto it = page.versions.rbegin(); it != page.versions.rend(); ++it) {
      auto other = page.head;
      other.version = it->number;
      h.open("li").link("", branch_url(other), fmt::format("version {}", it->number)).words(" ");
      h.elem("code", short_id(it->head)).words(" ");
      relative_time(h, it->pushed, page.chrome.now);
      h.end();
    }
    h.end().end().end();
  }
  h.end();
  close_page(h, page.chrome);
  return h.take();
}

}  // namespace pika::web
