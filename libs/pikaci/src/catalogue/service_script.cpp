#include "catalogue/service_script.hpp"

#include <fmt/format.h>

#include "pika/base/text.hpp"

namespace pikaci {

namespace {

constexpr const char* kName = "pika-services";

// A dead child is gone for `kill -0` as soon as any other child was waited for, which `sleep` and the command are.
constexpr const char* kFunctions = R"sh(folder=$(mktemp -d) || exit 1
begun=
cancelled=
trap 'cancelled=yes; [ -n "$begun" ] || { stop; exit 143; }' TERM INT
alive() { eval "kill -0 \"\$pid_$1\"" 2>/dev/null; }
wrote() {
  printf 'pikaci: the service %s, the end of what it wrote:\n' "$2" >&2
  tail -n 40 "$folder/$1" >&2
}
stop() {
  for number in $started; do eval "kill \"\$pid_$number\"" 2>/dev/null; done
  left=50
  for number in $started; do
    while alive "$number" && [ "$left" -gt 0 ]; do left=$((left - 1)); sleep 0.1; done
    eval "kill -9 \"\$pid_$number\"" 2>/dev/null
  done
  rm -rf "$folder"
}
refuse() {
  printf 'pikaci: the service %s %s\n' "$2" "$3" >&2
  wrote "$1" "$2"
  stop
  exit 1
}
begin() {
  "service_$1" >"$folder/$1" 2>&1 </dev/null &
  eval "pid_$1=$!"
  started="$1 $started"
  limit=$(($(date +%s) + $3))
  until "ready_$1" >"$folder/ready" 2>&1 </dev/null; do
    alive "$1" || refuse "$1" "$2" 'ended before it was ready'
    [ "$(date +%s)" -lt "$limit" ] || refuse "$1" "$2" "was not ready within $3 s"
    sleep 0.1
  done
}
lasted() {
  [ "$code" -eq 0 ] || wrote "$1" "$2"
  [ "$code" -ne 0 ] || [ -n "$cancelled" ] || alive "$1" || refuse "$1" "$2" 'ended before the command did'
}
)sh";

std::string words_for_shell(const std::vector<std::string>& command) {
  std::vector<std::string> words;
  for (const auto& word : command) words.push_back(pika::shell_quote(word));
  return pika::join(words, " ");
}

}  // namespace

std::vector<std::string> with_services(const std::vector<std::pair<std::string, Service>>& services,
                                       const std::vector<std::string>& command) {
  std::string script = kFunctions, calls, checks;
  int number = 0;
  for (const auto& [name, service] : services) {
    script += fmt::format("service_{}() {{\n", number);
    for (const auto& [variable, value] : service.env)
      script += fmt::format("  export {}={}\n", variable, pika::shell_quote(value));
    script += fmt::format("  exec {}\n}}\n", words_for_shell(service.command));
    script += fmt::format("ready_{}() {{ {}; }}\n", number,
                          service.ready.empty() ? std::string("true") : words_for_shell(service.ready));
    auto seconds = (service.ready_within + pika::kSecond - 1) / pika::kSecond;
    calls += fmt::format("begin {} {} {}\n", number, name, seconds);
    checks += fmt::format("lasted {} {}\n", number, name);
    ++number;
  }
  script += calls + "begun=yes\n\"$@\"\ncode=$?\n" + checks + "stop\nexit $code\n";
  std::vector<std::string> out = {"sh", "-c", script, kName};
  out.insert(out.end(), command.begin(), command.end());
  return out;
}

std::optional<Served> without_services(const std::vector<std::string>& command) {
  constexpr std::size_t kBefore = 4;
  if (command.size() <= kBefore || command[3] != kName || !command[2].starts_with(kFunctions)) return std::nullopt;
  Served out{{command.begin() + kBefore, command.end()}, {}};
  for (auto line : pika::split(command[2], '\n'))
    if (auto words = pika::split(line, ' '); words.size() == 4 && words[0] == "begin")
      out.services.emplace_back(words[2]);
  return out;
}

}  // namespace pikaci
