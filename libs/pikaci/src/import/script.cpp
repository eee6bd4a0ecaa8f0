#include "import/script.hpp"

#include <algorithm>

#include "pika/base/text.hpp"

namespace pikaci {

namespace {

struct Tool {
  std::string_view word;  // in a script, as a command
  std::vector<std::string> hosts;
};

// What the usual package managers reach.
const std::vector<Tool>& tools() {
  static const std::vector<Tool> kTools = {
      {"npm", {"registry.npmjs.org"}},
      {"npx", {"registry.npmjs.org"}},
      {"pnpm", {"registry.npmjs.org"}},
      {"yarn", {"registry.npmjs.org", "registry.yarnpkg.com"}},
      {"pip", {"pypi.org", "files.pythonhosted.org"}},
      {"pip3", {"pypi.org", "files.pythonhosted.org"}},
      {"tox", {"pypi.org", "files.pythonhosted.org"}},
      {"uv", {"pypi.org", "files.pythonhosted.org"}},
      {"poetry", {"pypi.org", "files.pythonhosted.org"}},
      {"cargo", {"index.crates.io", "static.crates.io"}},
      {"go", {"proxy.golang.org", "sum.golang.org"}},
      {"bundle", {"rubygems.org", "index.rubygems.org"}},
      {"mvn", {"repo.maven.apache.org"}},
  };
  return kTools;
}

}  // namespace

bool runs(std::string_view script, std::string_view command) {
  for (std::size_t at = script.find(command); at != std::string_view::npos; at = script.find(command, at + 1)) {
    auto before = at == 0 ? '\n' : script[at - 1];
    auto after = at + command.size() < script.size() ? script[at + command.size()] : '\n';
    if (std::string_view("\n ;&|(\t").contains(before) && std::string_view(" \n\t;").contains(after)) return true;
  }
  return false;
}

namespace {

bool installs(std::string_view command) {
  command = pika::trim(command);
  if (command.starts_with("sudo ")) command = pika::trim(command.substr(5));
  for (std::string_view manager : {"apt-get ", "apt ", "dpkg -i ", "add-apt-repository ", "snap ", "dnf ", "yum ",
                                   "apk ", "pacman ", "zypper ", "brew "})
    if (command.starts_with(manager)) return true;
  return false;
}

// Every command of it, so that none is lost with them.
bool installs_packages(std::string line) {
  for (std::string_view joint : {"&&", "||", ";", "|"})
    for (std::size_t at; (at = line.find(joint)) != line.npos;) line.replace(at, joint.size(), "\n");
  auto commands = pika::split(line, '\n');
  return std::all_of(commands.begin(), commands.end(), [](auto c) { return pika::trim(c).empty() || installs(c); }) &&
         !pika::trim(line).empty();
}

// A line with those that it goes on in.
std::vector<std::string> whole_lines(std::string_view script) {
  std::vector<std::string> out;
  bool goes_on = false;
  for (auto line : pika::split(script, '\n')) {
    if (goes_on)
      out.back() += "\n" + std::string(line);
    else
      out.emplace_back(line);
    goes_on = line.ends_with('\\');
  }
  return out;
}

}  // namespace

std::string without_installs(std::string_view script, std::vector<std::string>& installs) {
  std::string out;
  bool any = false;
  for (const auto& line : whole_lines(script)) {
    auto one = line;
    for (std::size_t at; (at = one.find("\\\n")) != one.npos;) one.replace(at, 2, " ");
    if (!installs_packages(one)) {
      out += line + "\n";
      any = any || !pika::trim(line).empty();
      continue;
    }
    installs.emplace_back(pika::trim(one));
    // In a block something must be left.
    if (line.starts_with(' ') || line.starts_with('\t')) out += line.substr(0, line.find_first_not_of(" \t")) + ":\n";
  }
  return any ? out : std::string();
}

namespace {

// "https://HOST/..." in lines that fetch something.
void add_addresses(std::string_view script, std::vector<std::string>& hosts) {
  constexpr std::string_view kScheme = "https://";
  for (auto line : pika::split(script, '\n')) {
    bool fetches = false;
    for (std::string_view word : {"curl", "wget", "git", "pip", "uv", "npm", "go"})
      fetches = fetches || runs(line, word);
    for (auto at = fetches ? line.find(kScheme) : line.npos; at != line.npos; at = line.find(kScheme, at + 1)) {
      auto host = line.substr(at + kScheme.size());
      host = host.substr(0, host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."));
      if (host.find('.') != host.npos && !host.ends_with('.')) hosts.push_back(pika::lower(host));
    }
  }
}

}  // namespace

std::vector<std::string> hosts_of(std::string_view script) {
  std::vector<std::string> found, out;
  for (const auto& tool : tools())
    if (runs(script, tool.word)) found.insert(found.end(), tool.hosts.begin(), tool.hosts.end());
  add_addresses(script, found);
  // A release of theirs lies elsewhere.
  if (std::find(found.begin(), found.end(), "github.com") != found.end())
    for (const char* host : {"codeload.github.com", "objects.githubusercontent.com"}) found.emplace_back(host);
  for (auto& host : found)
    if (std::find(out.begin(), out.end(), host) == out.end()) out.push_back(std::move(host));
  return out;
}

std::string quoted_for_shell(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

bool in_single_quotes(std::string_view script) {
  auto line = script.substr(script.rfind('\n') + 1);
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quote != '\'')
      ++i;
    else if (quote == 0 && (line[i] == '\'' || line[i] == '"'))
      quote = line[i];
    else if (line[i] == quote)
      quote = 0;
  }
  return quote == '\'';
}

}  // namespace pikaci
