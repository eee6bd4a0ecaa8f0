// The words of a model as they are kept: a file beside the tutorial, one for each job of the queue.
#pragma once
#include <string>

#include "pika/forge/layout.hpp"
#include "pika/forge/model_settings.hpp"
#include "pika/provider/retell.hpp"
#include "pika/store/store.hpp"

namespace pika::forge {

struct StoredWords {
  model::Retelling retelling;
  bool reused = false;  // of an equal change: nothing was sent for this version
};

// Throws SystemError when it cannot be written; the words before stay then.
void store_words(const Layout& layout, const store::WordsJob& job, const StoredWords& words);
Result<StoredWords> stored_words(const Layout& layout, const store::WordsJob& job);

// Digest of everything that words about this subject depend on: whom is asked what (the wish), the diff, the derived
// tutorial and the author's words. Not of the commits' ids: the same change rebased has the same key.
std::string content_key(const std::string& wish, const model::Subject& subject);
// Words about an equal change (of the same content key) as those of this version.
StoredWords reused_for(StoredWords words, const explain::Tutorial& derived);

}  // namespace pika::forge
