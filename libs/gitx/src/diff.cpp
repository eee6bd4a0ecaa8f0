#include "pika/gitx/diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pika/base/hash.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"

namespace pika::git {

namespace {

std::string tree_arg(const Oid& id) {
  return id.is_zero() ? kEmptyTree : id.hex();
}

// Walks the stored bytes; every step is bounds-checked.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  Status parse(Diff& diff) {
    if (bytes_.empty()) return {};
    while (at_ < bytes_.size() && bytes_[at_] == ':') PIKA_TRY(raw_record(diff));
    if (at_ < bytes_.size()) {
      if (bytes_[at_] != '\0') return broken("a NUL after the raw records");
      ++at_;
    }
    std::size_t next = 0;
    while (at_ < bytes_.size()) PIKA_TRY(patch(diff, next));
    number(diff);
    return {};
  }

 private:
  std::unexpected<Error> broken(std::string_view expected) const {
    return fail(ErrorKind::invalid, fmt::format("stored diff: expected {} at byte {}", expected, at_));
  }

  std::string_view until(char end) {
    auto stop = bytes_.find(end, at_);
    if (stop == std::string_view::npos) stop = bytes_.size();
    auto text = bytes_.substr(at_, stop - at_);
    at_ = std::min(stop + 1, bytes_.size());
    return text;
  }

  static unsigned octal(std::string_view text) {
    unsigned v = 0;
    for (char c : text)
      if (c >= '0' && c <= '7') v = v * 8 + static_cast<unsigned>(c - '0');
    return v & 0777777;
  }

  Status raw_record(Diff& diff) {
    auto head = until('\0');
    auto parts = split(head.substr(1), ' ');
    if (parts.size() != 5 || parts[4].empty()) return broken("a raw record");
    FileChange f;
    f.old_mode = octal(parts[0]);
    f.new_mode = octal(parts[1]);
    auto a = Oid::parse(parts[2]), b = Oid::parse(parts[3]);
    if (!a || !b) return broken("object ids in a raw record");
    f.old_blob = *a;
    f.new_blob = *b;
    f.similarity = std::clamp(parse_number<int>(parts[4].substr(1)).value_or(0), 0, 100);
    f.old_path = std::string(until('\0'));
    f.new_path = f.old_path;
    switch (parts[4][0]) {
      case 'A':
        f.kind = ChangeKind::added;
        break;
      case 'D':
        f.kind = ChangeKind::deleted;
        break;
      case 'M':
        f.kind = ChangeKind::modified;
        break;
      case 'T':
        f.kind = ChangeKind::type_changed;
        break;
      case 'R':
        f.kind = ChangeKind::renamed;
        break;
      case 'C':
        f.kind = ChangeKind::copied;
        break;
      default:
        return broken("a status letter A C D M R T");
    }
    if (f.kind == ChangeKind::renamed || f.kind == ChangeKind::copied) f.new_path = std::string(until('\0'));
    diff.files.push_back(std::move(f));
    return {};
  }

  // Patches follow in the order of the raw records, one each; in them git writes names with control bytes quoted, so
  // every header is one line. A type change is two patches (deleted, added) under the same header line.
  Status patch(Diff& diff, std::size_t& next) {
    if (!line_starts("diff --git ")) return broken("the header of a patch");
    auto header = until('\n');
    if (next > 0 && diff.files[next - 1].kind == ChangeKind::type_changed && header == last_header_)
      return body(diff.files[next - 1]);
    if (next == diff.files.size()) return broken("no more patches than raw records");
    last_header_ = header;
    return body(diff.files[next++]);
  }

  bool line_starts(std::string_view text) const { return bytes_.substr(at_).starts_with(text); }

  Status body(FileChange& f) {
    // Extended headers end at the first hunk or at the next patch.
    while (at_ < bytes_.size() && !line_starts("diff --git ")) {
      if (line_starts("@@ ")) {
        PIKA_TRY(hunk(f));
        continue;
      }
      if (line_starts("Binary files ") || line_starts("GIT binary patch")) f.binary = true;
      until('\n');
    }
    return {};
  }

  static bool range(std::string_view text, char sign, int& start, int& count) {
    if (text.empty() || text[0] != sign) return false;
    text.remove_prefix(1);
    auto comma = text.find(',');
    auto a = parse_number<int>(text.substr(0, comma));
    auto b = comma == std::string_view::npos ? std::optional<int>(1) : parse_number<int>(text.substr(comma + 1));
    if (!a || !b || *a < 0 || *b < 0) return false;
    start = *a;
    count = *b;
    return true;
  }

  Status hunk(FileChange& f) {
    auto header = until('\n');
    Hunk h;
    auto close = header.find(" @@", 3);
    if (close == std::string_view::npos) return broken("the end of a hunk header");
    auto ranges = split(header.substr(3, close - 3), ' ');
    if (ranges.size() != 2 || !range(ranges[0], '-', h.old_start, h.old_lines) ||
        !range(ranges[1], '+', h.new_start, h.new_lines))
      return broken("the ranges of a hunk");
    h.section = trim(header.substr(close + 3));
    int old_line = h.old_start, new_line = h.new_start, old_left = h.old_lines, new_left = h.new_lines;
    while (at_ < bytes_.size() && (old_left > 0 || new_left > 0)) {
      char kind = bytes_[at_];
      ++at_;
      if (kind == '\\') {
        until('\n');
        if (!h.lines.empty()) h.lines.back().no_newline = true;
        continue;
      }
      DiffLine line;
      line.kind = kind;
      line.text = until('\n');
      if (kind == ' ') {
        line.old_line = old_line++;
        line.new_line = new_line++;
        --old_left;
        --new_left;
      } else if (kind == '-') {
        line.old_line = old_line++;
        --old_left;
        ++f.removed;
      } else if (kind == '+') {
        line.new_line = new_line++;
        --new_left;
        ++f.added;
      } else {
        --at_;
        return broken("a line beginning with space, + or -");
      }
      if (old_left < 0 || new_left < 0) return broken("as many lines as the hunk header says");
      h.lines.push_back(line);
    }
    if (old_left > 0 || new_left > 0) return broken("more lines of a hunk");
    if (at_ < bytes_.size() && bytes_[at_] == '\\') {
      until('\n');
      if (!h.lines.empty()) h.lines.back().no_newline = true;
    }
    f.hunks.push_back(std::move(h));
    return {};
  }

  static void number(Diff& diff) {
    int n = 0;
    for (auto& f : diff.files) {
      for (auto& h : f.hunks) h.id = fmt::format("H{}", ++n);
      if (f.hunks.empty()) {
        char letter = 'E';
        if (f.old_mode == 0160000 || f.new_mode == 0160000)
          letter = 'S';
        else if (f.binary)
          letter = 'B';
        else if (f.kind == ChangeKind::renamed || f.kind == ChangeKind::copied)
          letter = 'R';
        else if (f.mode_changed() || f.kind == ChangeKind::type_changed)
          letter = 'M';
        f.pseudo_id = fmt::format("{}{}", letter, ++n);
      }
      diff.added += f.added;
      diff.removed += f.removed;
    }
  }

  std::string_view bytes_;
  std::string_view last_header_;
  std::size_t at_ = 0;
};

}  // namespace

std::string Hunk::header() const {
  auto part = [](int start, int count) {
    return count == 1 ? fmt::format("{}", start) : fmt::format("{},{}", start, count);
  };
  return fmt::format("@@ -{} +{} @@", part(old_start, old_lines), part(new_start, new_lines));
}

std::size_t Diff::hunk_count() const {
  std::size_t n = 0;
  for (const auto& f : files) n += f.hunks.empty() ? 1 : f.hunks.size();
  return n;
}

Result<std::string> make_diff_bytes(const std::filesystem::path& repo, const Oid& base, const Oid& head) {
  return run(repo,
             {"-c",
              "diff.renameLimit=4000",
              "-c",
              "diff.suppressBlankEmpty=false",
              "diff-tree",
              "-r",
              "--raw",
              "-z",
              "-p",
              "--full-index",
              "-M50%",
              "--patience",
              "--indent-heuristic",
              "-U3",
              "--no-color",
              "--no-ext-diff",
              "--no-textconv",
              "--src-prefix=a/",
              "--dst-prefix=b/",
              tree_arg(base),
              tree_arg(head)},
             600 * kSecond);
}

Result<Diff> parse_diff(std::string bytes, const Oid& base, const Oid& head) {
  Diff diff;
  diff.base = base;
  diff.head = head;
  diff.hash = sha256_hex(bytes);
  diff.bytes = std::make_shared<const std::string>(std::move(bytes));
  PIKA_TRY(Parser(*diff.bytes).parse(diff));
  return diff;
}

Result<Diff> make_diff(const std::filesystem::path& repo, const Oid& base, const Oid& head) {
  return parse_diff(PIKA_TRY(make_diff_bytes(repo, base, head)), base, head);
}

}  // namespace pika::git
