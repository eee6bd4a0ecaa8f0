// Sql: a piece of SQL that can only be a literal of this program, so that no outside byte ever becomes SQL.
//   conn.run("UPDATE repo_branch SET state = ? WHERE id = ?", "merged", id);   // the literal converts
//   conn.run(text);                                                            // does not compile
#pragma once
#include <cstddef>
#include <string_view>

namespace pika::db {

class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&literal)[N]) : text_(literal, N - 1) {
    if (literal[N - 1] != '\0') throw "a string literal ends with NUL";
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace pika::db
