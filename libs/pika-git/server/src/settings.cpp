// server.toml: the server's settings. Flags win over it.
#include <fmt/format.h>

#include "pika/base/files.hpp"
#include "pika/server/site.hpp"
#include "pika/toml/reader.hpp"
#include "pika/toml/toml.hpp"
#include "read_model.hpp"

namespace pika::server {

namespace {

void read_runner(const toml::Value& value, const std::string& name, std::vector<toml::Problem>& problems,
                 SiteOptions& options) {
  toml::TableReader runner(value, name, problems);
  if (auto start = runner.boolean("start")) options.start_runner = *start;
  if (auto slots = runner.integer("slots")) {
    if (*slots < 1 || *slots > 1024)
      runner.complain(runner.at("slots"), "slots is a number from 1 to 1024");
    else
      options.runner_slots = static_cast<unsigned>(*slots);
  }
  if (auto allow = runner.boolean("allow_host_process")) options.allow_host_process = *allow;
  if (auto roots = runner.strings("roots"))
    for (const auto& root : *roots) {
      if (root.text.find('=') == std::string::npos)
        runner.complain(root.at, "a root is \"NAME=PATH\", as in \"bookworm=/srv/roots/bookworm\"");
      options.runner_roots.push_back(root.text);
    }
  runner.finish();
}

}  // namespace

Status read_settings(const fs::path& file, SiteOptions& options) {
  auto text = read_file(file);
  if (!text) return {};
  auto name = file.string();
  auto parsed = toml::parse(*text, name);
  if (!parsed) return fail(ErrorKind::invalid, parsed.error().print());
  std::vector<toml::Problem> problems;
  toml::TableReader table(*parsed, name, problems);
  if (auto listen = table.string("listen")) options.listen = listen->text;
  if (auto port = table.integer("port")) {
    if (*port < 0 || *port > 65535)
      table.complain(table.at("port"), "port is a number from 0 to 65535");
    else
      options.port = static_cast<std::uint16_t>(*port);
  }
  if (auto url = table.string("public_url")) options.public_url = url->text;
  if (auto anonymous = table.string("anonymous")) {
    if (anonymous->text != "read" && anonymous->text != "none")
      table.complain(anonymous->at, "anonymous is \"read\" or \"none\"");
    options.anonymous_read = anonymous->text == "read";
  }
  if (const auto* runner = table.table("runner")) read_runner(*runner, name, problems, options);
  if (const auto* model = table.table("model")) read_model(*model, name, problems, options);
  table.finish();
  if (problems.empty()) return {};
  std::string all;
  for (const auto& p : problems) all += (all.empty() ? "" : "\n") + p.print();
  return fail(ErrorKind::invalid, all, "mend the file and start again");
}

}  // namespace pika::server
