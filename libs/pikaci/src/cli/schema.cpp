// pikaci schema: what may stand in a catalogue.
#include "pikaci/schema.hpp"

#include "cli/console.hpp"
#include "cli/outcome.hpp"
#include "pika/base/text.hpp"

namespace pikaci {

int cli_schema(const CliContext& context, const std::string& name) {
  return guarded(context, [&](Console& console) -> Outcome<int> {
    auto schema = name.empty() ? std::optional(json_schemas()) : json_schema(name);
    if (!schema)
      return std::unexpected(Failure(2,
                                     fmt::format("there is no schema '{}'{}", clip(pika::quote_name(name), 80),
                                                 did_you_mean(name, schema_names())),
                                     "there are " + pika::join(schema_names(), ", ")));
    // It is JSON whatever the output is.
    console.raw(console.jsonl() ? json::print(*schema) + "\n" : json::print_pretty(*schema));
    return 0;
  });
}

}  // namespace pikaci
