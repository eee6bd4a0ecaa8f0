// Logs as people read them in a terminal: colours kept, cursor games left out.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "pika/web/html.hpp"

namespace pika::web {

// Turns the bytes of one line into coloured text. The state goes on into the next line, as in a terminal.
// Understood: SGR (ESC [ ... m) with bold, dim, underline, 16 colours; of a line overwritten by carriage returns the
// last writing counts. Other escape sequences (ECMA-48 CSI, OSC) are dropped; other control characters are shown.
// web/src/ansi.ts does the same for lines that arrive later.
class AnsiLine {
 public:
  void write(Html& h, std::string_view line);

 private:
  void apply(std::string_view parameters);
  int colour_ = -1;  // 0..15
  bool bold_ = false, dim_ = false, underline_ = false;
};

// <pre class="lines"> content: one row a line; with line numbers that are links when first_line > 0.
void log_lines(Html& h, std::string_view bytes, std::int64_t first_line);
// The last lines as plain coloured text, for a card.
void log_tail(Html& h, std::string_view bytes, int lines);

}  // namespace pika::web
