// [services.<name>], and the services of a job.
#include <fmt/format.h>

#include <algorithm>

#include "catalogue/draft.hpp"
#include "catalogue/service_script.hpp"
#include "catalogue/units.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

using pika::toml::show;

namespace {

Service read_service(const Value& value, const std::string& file, Draft& draft) {
  TableReader table(keys::service(), value, file, draft.problems);
  Service service;
  service.description = read_words(table, "description");
  if (!table.has("command")) table.complain(table.at(), "this service has no 'command'");
  service.command = read_command(table);
  service.ready = read_command(table, "ready");
  service.env = read_variables(table);
  if (auto word = table.string("ready_within")) {
    if (service.ready.empty())
      table.complain(table.at_key("ready_within"), "'ready_within' waits for 'ready', which is not here");
    if (auto span = parse_span(word->text))
      service.ready_within = *span;
    else
      table.complain(word->at, pika::join({span.error().what, span.error().advice}, "; "));
  }
  table.finish();
  return service;
}

}  // namespace

void read_services(TableReader& root, Draft& draft, const std::string& file) {
  const auto* services = root.table("services");
  if (!services) return;
  for (const auto& entry : services->entries) {
    if (!is_id(entry.key))
      root.complain(entry.at,
                    fmt::format("'{}' is no service's name: up to 64 of a-z, 0-9, '-' and '_'", show(entry.key)));
    else if (entry.value.kind != pika::toml::Kind::table)
      root.complain(entry.value.at, fmt::format("the service '{0}' must be a table; write [services.{0}]", entry.key));
    else
      draft.catalogue.services[entry.key] = read_service(entry.value, file, draft);
  }
}

void put_services(TableReader& table, jerichoci::JobSpec& job, Draft& draft) {
  const auto& catalogue = draft.catalogue;
  auto words = table.strings("services");
  if (!words || words->empty()) return;
  std::vector<std::pair<std::string, Service>> services;
  for (const auto& word : *words) {
    auto at = catalogue.services.find(word.text);
    if (at == catalogue.services.end()) {
      std::vector<std::string> names;
      for (const auto& [name, service] : catalogue.services) names.push_back(name);
      table.complain(word.at, fmt::format("there is no service '{}' in [services]{}", show(word.text),
                                          pika::toml::did_you_mean(word.text, names)));
    } else if (std::any_of(services.begin(), services.end(), [&](const auto& s) { return s.first == word.text; })) {
      table.complain(word.at, fmt::format("the service '{}' is named twice", word.text));
    } else {
      services.emplace_back(*at);
    }
  }
  if (job.command.empty()) return;
  job.command = with_services(services, job.command);
  count_made(table, draft, table.at("services"), job.command[2].size());
}

}  // namespace pikaci
