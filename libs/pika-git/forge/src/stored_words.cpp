#include "pika/forge/stored_words.hpp"

#include <fmt/format.h>

#include "pika/base/files.hpp"
#include "pika/base/hash.hpp"
#include "pika/json/json.hpp"

namespace pika::forge {

void store_words(const Layout& layout, const store::WordsJob& job, const StoredWords& words) {
  json::Object out{{"reused", words.reused}, {"retelling", model::to_json(words.retelling)}};
  write_file_atomic(layout.words(job.version, job.id), json::print(out), 0600);
}

Result<StoredWords> stored_words(const Layout& layout, const store::WordsJob& job) {
  auto text = PIKA_TRY(read_file(layout.words(job.version, job.id)));
  auto value = PIKA_TRY(json::parse(text, "stored words"));
  const auto* retelling = json::find(value, "retelling");
  if (!retelling) return fail(ErrorKind::invalid, "the stored words have no field 'retelling'");
  StoredWords out;
  out.retelling = PIKA_TRY(model::retelling_from_json(*retelling));
  out.reused = json::find_bool(value, "reused").value_or(false);
  return out;
}

std::string content_key(const std::string& wish, const model::Subject& subject) {
  // What differs between equal changes: where they stand in history, and what it cost to explain them.
  auto derived = *subject.derived;
  derived.base.clear();
  derived.head.clear();
  derived.micros = 0;
  std::string all;
  auto add = [&](std::string_view part) { all += fmt::format("{}\n{}\n", part.size(), part); };
  add(wish);
  add(subject.derived->diff_hash);
  add(json::print(explain::to_json(derived)));
  add(subject.title);
  for (const auto& message : subject.commit_messages) add(message);
  return sha256_hex(all);
}

StoredWords reused_for(StoredWords words, const explain::Tutorial& derived) {
  auto& tutorial = words.retelling.told.tutorial;
  tutorial.base = derived.base;
  tutorial.head = derived.head;
  tutorial.micros = derived.micros;
  words.reused = true;
  return words;
}

}  // namespace pika::forge
