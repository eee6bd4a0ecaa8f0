// A branch page with a model's words, and the log of what was sent for them.
#pragma once
#include "seed_support.hpp"

namespace pika::web::test {

// `tutorial` holds the words and must outlive the page; it is filled from the sample's.
BranchPage told_page(const Sample& sample, explain::Tutorial& tutorial, const std::string& word = "");
ModelsPage sent_page(const Sample& sample);

}  // namespace pika::web::test
