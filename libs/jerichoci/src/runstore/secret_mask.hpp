// Masks secrets in a job's output before it is written anywhere: "***" instead of every spelling of secret_forms.hpp,
// also where it is split over writes, or over the two streams in the order of arrival.
//
// A courtesy against accidents, not a wall: a job that has a secret can print it reversed, and nothing will know.
//
// What is held back is never more than what may still become a secret: the longest end of the output that one begins
// with. So a prompt without a newline appears at once.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runstore/log_format.hpp"

namespace jerichoci {

inline constexpr std::string_view kMask = "***";

// The spellings of some secrets, made to be looked for quickly. Immutable; shared by threads.
//
// Every spelling has at least `stride + 3` bytes, so wherever it stands, a group of four of its bytes begins at a
// multiple of `stride`: only there is looked, whether the group is one of those known. The short spellings have a
// stride of their own, so that one short secret does not slow down the search for all.
class SecretPatterns {
 public:
  explicit SecretPatterns(const std::vector<std::string>& values);
  bool empty() const { return patterns_.empty(); }
  std::size_t longest() const { return longest_; }

  struct Span {
    std::size_t begin, end;
  };
  // Where spellings stand in `text` that begin before `before`: in order, those that overlap joined into one.
  void find(std::string_view text, std::size_t before, std::vector<Span>& out) const;
  // Where the longest end of `text` begins that more text could make a spelling; text.size(): none.
  std::size_t live_end(std::string_view text) const;
  // All of them masked, for a text that is whole.
  std::string masked(std::string_view text) const;

 private:
  struct Gram {
    std::uint32_t bytes, pattern, offset;
  };
  struct Group {
    std::size_t stride = 0;
    unsigned hash_shift = 0;           // 32 less the bits of a hash
    std::vector<std::uint64_t> known;  // bit of each gram's hash
    std::vector<Gram> grams;
  };
  static Group make_group(const std::vector<std::string>& patterns, std::size_t shortest, std::size_t below);
  void find_group(const Group& group, std::string_view text, std::size_t before, std::vector<Span>& out) const;

  std::vector<std::string> patterns_;     // sorted
  std::array<bool, 256> first_{};         // byte that one begins with
  std::vector<std::uint64_t> beginning_;  // bit of the hash of the four bytes that one begins with
  std::size_t longest_ = 0;
  std::vector<Group> groups_;
};

// The output of one job. Belongs to one thread.
class SecretMask {
 public:
  using Emit = std::function<void(std::string_view bytes, LogStream stream)>;
  explicit SecretMask(std::shared_ptr<const SecretPatterns> patterns);

  void write(std::string_view bytes, LogStream stream, const Emit& emit);
  void finish(const Emit& emit);  // what is held back is no secret after all

 private:
  // Output that may still become a secret, with the stream of each part.
  struct Held {
    struct Part {
      std::size_t end;
      LogStream stream;
    };
    std::string bytes;
    std::vector<Part> parts;
    std::size_t shown = 0;  // the first bytes that are written already, masked
  };
  enum class Look { all, begun };  // for spellings anywhere, or only for those that begin in what was held
  void pass(Held& held, std::string_view bytes, LogStream stream, Look look, const Emit& emit);
  void release(Held& held, const std::vector<SecretPatterns::Span>& spans, std::size_t until, const Emit& emit);
  void put(std::string_view bytes, LogStream stream, const Emit& emit);

  std::shared_ptr<const SecretPatterns> patterns_;
  Held arrival_;                 // both streams as they came
  std::array<Held, 4> streams_;  // each by itself
  std::string written_;          // the end of what was written
  LogStream written_stream_ = LogStream::mixed;
  std::uint64_t since_switch_ = 0;  // bytes written since the stream was another
  std::vector<SecretPatterns::Span> spans_;
};

}  // namespace jerichoci
