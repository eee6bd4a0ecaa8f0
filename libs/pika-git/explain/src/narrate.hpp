// The words of a tutorial: templates filled with facts and nothing else. Why something was done is only ever quoted.
#pragma once
#include "model.hpp"

namespace pika::explain {

std::string title_of(const Model& model, std::size_t group);
std::string intent_of(const Model& model, std::size_t group);
std::string body_of(const Model& model, std::size_t group);
std::string summary_of(const Model& model, const Tutorial& tutorial);

// The files of a group in the diff's order, each once.
std::vector<std::size_t> files_of(const Model& model, const Group& group);

}  // namespace pika::explain
