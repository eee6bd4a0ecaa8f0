#include "init/survey.hpp"

#include "pika/base/text.hpp"

namespace pikaci {

std::string in_folder(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
}

std::vector<std::string> Survey::folders_with(std::string_view name) const {
  constexpr std::size_t kMost = 4;
  constexpr long kDeep = 2;
  if (has(name)) return {""};
  std::vector<std::string> out;
  for (const auto& path : input_.files) {
    if (!path.ends_with("/" + std::string(name))) continue;
    auto folder = path.substr(0, path.size() - name.size() - 1);
    bool others = false;  // code of other people, and what tests read
    for (auto part : pika::split(folder, '/'))
      for (std::string_view theirs : {"node_modules", "vendor", "third_party", "third-party", "external", "fixtures",
                                      "testdata", "examples", "example", "templates"})
        others = others || part == theirs;
    if (others || std::count(folder.begin(), folder.end(), '/') >= kDeep) continue;
    if (out.size() < kMost) out.push_back(folder);
  }
  return out;
}

const std::string& Survey::workflows() const {
  if (std::exchange(workflows_read_, true)) return workflows_;
  for (const auto& path : input_.files) {
    bool workflow = path.starts_with(".github/workflows/") || path == ".gitlab-ci.yml" || path == ".travis.yml" ||
                    path == ".circleci/config.yml";
    if (workflow && workflows_.size() < (1u << 20)) workflows_ += input_.read(path).value_or("") + "\n";
  }
  return workflows_;
}

void Survey::note(std::string sentence) {
  if (std::find(notes.begin(), notes.end(), sentence) == notes.end()) notes.push_back(std::move(sentence));
}

}  // namespace pikaci
