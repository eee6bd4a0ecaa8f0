// A small change with everything in it: two steps to read, one folded; and a true answer about it.
#pragma once
#include <string>

#include "pika/model/answer.hpp"
#include "pika/model/prompt.hpp"

namespace pika::model {

struct Sample {
  git::Diff diff;
  explain::Tutorial tutorial;
  Subject subject() const;
};
Sample sample();
json::Value true_answer();  // of sample(): every sentence of it is true

}  // namespace pika::model
