// Arguments that could not be read, in words: the word that is wrong and the nearest right one.
#pragma once
#include <CLI/CLI.hpp>

#include "pikaci/cli.hpp"

// Says it and gives the exit code, 2. `app` has parsed as far as it could.
int bad_arguments(const pikaci::CliContext& context, const CLI::App& app, const CLI::ParseError& error, int argc,
                  char** argv);
