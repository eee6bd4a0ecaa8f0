#include "told_support.hpp"

namespace pika::web::test {

BranchPage told_page(const Sample& sample, explain::Tutorial& tutorial, const std::string& word) {
  tutorial = sample.tutorial;
  auto page = sample.branch;
  auto& words = page.words;
  words.shown = words.may_ask = true;
  words.token = "17";
  words.host = "127.0.0.1:8080" + word;
  words.model = "small-7b" + word;
  words.sent_at = kNow - 60 * kSecond;
  words.hunks = 12;
  words.log_url = "/admin/models";
  words.note = "One call of three was not answered in time." + word;
  words.summary = "The engine's state lives in its own folder now." + word;
  words.removed = {{"step 1 body" + word, "This is robust." + word, "praises the change" + word},
                   {"summary", "It touches 99 files.", "counts 99 files, and there are 9"}};
  tutorial.summary = words.summary + "\n\n" + tutorial.summary;
  auto& step = tutorial.steps.front();
  words.steps = {{step.id, true, true, "The folder is made by `make_dirs`." + word}};
  step.title = "Give the engine a folder of its own" + word;
  step.intent = "The state moves away from the work tree." + word;
  step.body_markdown = words.steps[0].body + "\n\n" + step.body_markdown;
  page.tutorial = &tutorial;
  return page;
}

ModelsPage sent_page(const Sample& sample) {
  ModelsPage page;
  page.chrome = sample.branch.chrome;
  page.where = "code of sledtools/* is sent to 127.0.0.1:8080 (model small-7b)";
  page.may_probe = true;
  page.older_url = "/admin/models?before=7";
  const auto& head = sample.branch.head;
  page.sent = {{kNow - 60 * kSecond, 2 * kSecond, head.owner + "/" + head.repository, head.number, 2, 12, 200,
                "127.0.0.1:8080", "small-7b", "tell", "answered", 48'211, 12'000, 900},
               {kNow - 3600 * kSecond, 0, head.owner + "/" + head.repository, head.number, 1, 0, 0, "127.0.0.1:8080",
                head.title, "tell", head.name, 0, 0, 0}};
  return page;
}

}  // namespace pika::web::test
