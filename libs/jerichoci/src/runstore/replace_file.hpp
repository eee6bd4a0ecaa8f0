// A file that is replaced often.
#pragma once
#include <filesystem>
#include <string_view>

namespace jerichoci {

// As pika::write_file_atomic, without waiting for the disk: a kill of the program leaves the old content or the new.
// For what only a power cut may lose, because the run it belongs to is settled as lost then. Throws SystemError.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace jerichoci
