#include "runstore/secret_mask.hpp"

#include <algorithm>
#include <cstring>

#include "runstore/secret_forms.hpp"

namespace jerichoci {

namespace {

constexpr std::size_t kGram = 4, kLongestStride = 32, kShortPattern = 12;
constexpr unsigned kFewestHashBits = 17, kMostHashBits = 22;

std::uint32_t gram_at(const char* bytes) {
  std::uint32_t gram;
  std::memcpy(&gram, bytes, kGram);
  return gram;
}

std::uint32_t hash_of(std::uint32_t gram, unsigned shift) {
  return gram * 0x9E3779B1u >> shift;
}

// Joins spans that overlap. What touches without overlapping stays apart.
void join(std::vector<SecretPatterns::Span>& spans) {
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].begin < spans[last].end) {
      spans[last].end = std::max(spans[last].end, spans[i].end);
    } else {
      spans[++last] = spans[i];
    }
  }
  if (!spans.empty()) spans.resize(last + 1);
}

}  // namespace

SecretPatterns::SecretPatterns(const std::vector<std::string>& values) {
  for (const auto& value : values)
    for (auto& form : secret_forms(value)) patterns_.push_back(std::move(form));
  std::sort(patterns_.begin(), patterns_.end());
  patterns_.erase(std::unique(patterns_.begin(), patterns_.end()), patterns_.end());
  beginning_.resize((1u << kFewestHashBits) / 64);
  for (const auto& pattern : patterns_) {
    longest_ = std::max(longest_, pattern.size());
    first_[static_cast<unsigned char>(pattern[0])] = true;
    auto hash = hash_of(gram_at(pattern.data()), 32 - kFewestHashBits);
    beginning_[hash / 64] |= 1ull << hash % 64;
  }
  for (auto [shortest, below] : {std::pair{kGram, kShortPattern}, std::pair{kShortPattern, SIZE_MAX}})
    if (auto group = make_group(patterns_, shortest, below); !group.grams.empty()) groups_.push_back(std::move(group));
}

SecretPatterns::Group SecretPatterns::make_group(const std::vector<std::string>& patterns, std::size_t shortest,
                                                 std::size_t below) {
  Group group;
  auto in_group = [&](const std::string& p) { return p.size() >= shortest && p.size() < below; };
  std::size_t least = SIZE_MAX;
  for (const auto& pattern : patterns)
    if (in_group(pattern)) least = std::min(least, pattern.size());
  if (least == SIZE_MAX) return group;
  group.stride = std::min(least - kGram + 1, kLongestStride);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!in_group(patterns[i])) continue;
    for (std::size_t offset = 0; offset < group.stride; ++offset)
      group.grams.push_back(
          {gram_at(patterns[i].data() + offset), static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(offset)});
  }
  // So many bits that one in sixteen at most is set.
  auto bits = kFewestHashBits;
  while (bits < kMostHashBits && (1u << bits) < group.grams.size() * 16) ++bits;
  auto shift = group.hash_shift = 32 - bits;
  std::sort(group.grams.begin(), group.grams.end(),
            [&](const Gram& a, const Gram& b) { return hash_of(a.bytes, shift) < hash_of(b.bytes, shift); });
  group.known.resize((1u << bits) / 64);
  for (const auto& gram : group.grams) {
    auto hash = hash_of(gram.bytes, shift);
    group.known[hash / 64] |= 1ull << hash % 64;
  }
  return group;
}

void SecretPatterns::find_group(const Group& group, std::string_view text, std::size_t before,
                                std::vector<Span>& out) const {
  if (text.size() < kGram) return;
  auto last = std::min(text.size() - kGram, before == SIZE_MAX ? before : before + longest_);
  const auto* known = group.known.data();
  const auto shift = group.hash_shift;
  for (std::size_t at = 0; at <= last; at += group.stride) {
    auto gram = gram_at(text.data() + at);
    auto hash = hash_of(gram, shift);
    if ((known[hash / 64] >> hash % 64 & 1) == 0) [[likely]]
      continue;
    auto it = std::lower_bound(group.grams.begin(), group.grams.end(), hash,
                               [&](const Gram& g, std::uint32_t h) { return hash_of(g.bytes, shift) < h; });
    for (; it != group.grams.end() && hash_of(it->bytes, shift) == hash; ++it) {
      const auto& pattern = patterns_[it->pattern];
      if (it->bytes != gram || it->offset > at) continue;
      auto begin = at - it->offset;
      if (begin >= before || text.substr(begin, pattern.size()) != pattern) continue;
      out.push_back({begin, begin + pattern.size()});
    }
  }
}

void SecretPatterns::find(std::string_view text, std::size_t before, std::vector<Span>& out) const {
  out.clear();
  for (const auto& group : groups_) find_group(group, text, before, out);
  join(out);
}

std::size_t SecretPatterns::live_end(std::string_view text) const {
  if (empty()) return text.size();
  auto at = text.size() < longest_ ? 0 : text.size() - longest_ + 1;
  for (; at < text.size(); ++at) {
    auto end = text.substr(at);
    if (end.size() >= kGram) {
      auto hash = hash_of(gram_at(end.data()), 32 - kFewestHashBits);
      if ((beginning_[hash / 64] >> hash % 64 & 1) == 0) continue;
    } else if (!first_[static_cast<unsigned char>(end[0])]) {
      continue;
    }
    // The first pattern that is not less: if any begins with it, that one does.
    auto it = std::lower_bound(patterns_.begin(), patterns_.end(), end);
    if (it != patterns_.end() && *it == end) ++it;
    if (it != patterns_.end() && it->starts_with(end)) return at;
  }
  return text.size();
}

std::string SecretPatterns::masked(std::string_view text) const {
  std::vector<Span> spans;
  find(text, SIZE_MAX, spans);
  std::string out;
  std::size_t at = 0;
  for (const auto& span : spans) {
    out.append(text.substr(at, span.begin - at)).append(kMask);
    at = span.end;
  }
  return out.append(text.substr(at));
}

SecretMask::SecretMask(std::shared_ptr<const SecretPatterns> patterns) : patterns_(std::move(patterns)) {}

void SecretMask::write(std::string_view bytes, LogStream stream, const Emit& emit) {
  if (bytes.empty()) return;
  // What the second pass is given holds no secret by itself: it needs to see only what began before.
  pass(arrival_, bytes, stream, Look::all, [&](std::string_view part, LogStream its) {
    pass(streams_[static_cast<std::size_t>(its)], part, its, Look::begun,
         [&](std::string_view piece, LogStream of) { put(piece, of, emit); });
  });
}

void SecretMask::pass(Held& held, std::string_view bytes, LogStream stream, Look look, const Emit& emit) {
  auto was_held = held.bytes.size();
  spans_.clear();
  if (was_held == 0 && look == Look::all) patterns_->find(bytes, SIZE_MAX, spans_);
  if (was_held == 0 && spans_.empty()) {
    // The common case without a copy: nothing began before, and mostly nothing begins at the end.
    auto live = patterns_->live_end(bytes);
    if (live > 0) emit(bytes.substr(0, live), stream);
    if (live == bytes.size()) return;
    held.bytes = bytes.substr(live);
    held.parts = {{held.bytes.size(), stream}};
    return;
  }
  held.bytes.append(bytes);
  held.parts.push_back({held.bytes.size(), stream});
  patterns_->find(held.bytes, look == Look::all ? SIZE_MAX : was_held, spans_);
  // What overlaps with it is masked with it, or half of that would stay.
  if (look == Look::begun && !spans_.empty()) patterns_->find(held.bytes, SIZE_MAX, spans_);
  auto spans = std::move(spans_);
  release(held, spans, patterns_->live_end(held.bytes), emit);
  spans_ = std::move(spans);
}

// Gives out what is before `until`, masked; of a span that reaches further only the mask.
void SecretMask::release(Held& held, const std::vector<SecretPatterns::Span>& spans, std::size_t until,
                         const Emit& emit) {
  std::size_t at = held.shown, part = 0;
  auto give = [&](std::size_t end) {
    while (at < end) {
      while (held.parts[part].end <= at) ++part;
      auto stop = std::min(end, held.parts[part].end);
      emit(std::string_view(held.bytes).substr(at, stop - at), held.parts[part].stream);
      at = stop;
    }
  };
  for (const auto& span : spans) {
    if (span.end <= at) continue;
    if (span.begin >= until) break;
    give(std::max(at, span.begin));
    while (held.parts[part].end <= at) ++part;
    if (span.begin >= held.shown) emit(kMask, held.parts[part].stream);  // else its mask is written already
    at = span.end;
  }
  give(until);
  held.shown = at - std::min(at, until);
  held.bytes.erase(0, until);
  std::erase_if(held.parts, [&](const Held::Part& p) { return p.end <= until; });
  for (auto& p : held.parts) p.end -= until;
}

// The streams hold back by themselves, so parts of one can come to stand beside parts of the other that came earlier.
void SecretMask::put(std::string_view bytes, LogStream stream, const Emit& emit) {
  auto keep = patterns_->longest() - 1;
  if (stream != written_stream_) since_switch_ = 0;
  written_stream_ = stream;
  if (since_switch_ < keep && !written_.empty()) {
    auto joint = written_ + std::string(bytes.substr(0, keep));
    patterns_->find(joint, written_.size(), spans_);
    auto across = std::find_if(spans_.begin(), spans_.end(), [&](const auto& s) { return s.end > written_.size(); });
    if (across != spans_.end()) {
      bytes.remove_prefix(std::min(bytes.size(), across->end - written_.size()));
      written_.clear();
      emit(kMask, stream);
    }
  }
  if (bytes.empty()) return;
  emit(bytes, stream);
  since_switch_ += bytes.size();
  written_.append(bytes.substr(bytes.size() - std::min(bytes.size(), keep)));
  if (written_.size() > keep) written_.erase(0, written_.size() - keep);
}

void SecretMask::finish(const Emit& emit) {
  auto last = [&](std::string_view piece, LogStream of) { put(piece, of, emit); };
  auto give_all = [&](Held& held, const Emit& to) {
    patterns_->find(held.bytes, SIZE_MAX, spans_);
    auto spans = std::move(spans_);
    release(held, spans, held.bytes.size(), to);
    spans_ = std::move(spans);
  };
  give_all(arrival_, [&](std::string_view part, LogStream its) {
    pass(streams_[static_cast<std::size_t>(its)], part, its, Look::begun, last);
  });
  for (auto& held : streams_) give_all(held, last);
}

}  // namespace jerichoci
