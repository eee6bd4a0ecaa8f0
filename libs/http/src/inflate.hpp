// gzip (RFC 1952), inflated piece by piece.
#pragma once
#include <zlib.h>

#include <functional>
#include <string_view>

#include "pika/base/result.hpp"

namespace pika::http {

class Inflater {
 public:
  Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();
  // Gives each inflated piece (at most 64 KiB) to `take`; stops at the first error of `take`, which is returned.
  Status add(std::string_view bytes, const std::function<Status(std::string_view)>& take);
  bool at_end() const { return at_end_; }  // after whole gzip members, one or more

 private:
  z_stream stream_{};
  bool at_end_ = false;
};

}  // namespace pika::http
