// One question asked until it is answered or there is no sense in asking again: attempts, waits, deadlines, the forms
// that a server takes, and the account of every request.
#pragma once
#include <vector>

#include "pika/provider/retell.hpp"
#include "protocol.hpp"

namespace pika::model {

class Asker {
 public:
  // Keeps references to all three. The time for the version runs from here.
  Asker(const ProviderConfig& config, const Patience& patience, std::vector<Sent>& sent);

  // Blocks. `attempts` of those failures that may pass; `hunks` and `purpose` are for the account.
  Reply ask(const Question& question, const char* purpose, int hunks, int attempts);
  // What the server turned out to take; kept from question to question.
  const Form& form() const { return form_; }
  bool stopped() const;

 private:
  Reply once(const Question& question, const char* purpose, int hunks, Micros span);
  bool wait(Micros span) const;
  Micros now() const;  // differences only

  const ProviderConfig& config_;
  const Patience& patience_;
  std::vector<Sent>& sent_;
  Form form_;
  Micros started_;
};

// Of the n-th failure (from 1), with jitter: between half of 2^n seconds and the whole, and never above a minute.
Micros back_off(int failure, unsigned random);

}  // namespace pika::model
